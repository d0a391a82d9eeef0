#include "cli/pass/register.h"

#include <fmt/format.h>

#include "cli/control/control.h"

namespace bulkhead::cli::pass {
namespace {

struct IssueVerb : control::EstateOptions {
  std::string role = "member";
  std::uint64_t minutes = 60;
  bool token_only = false;
};

Result<int> issue(const IssueVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const json::Value answer =
      TRY(control.post("/v1/passes", json::Object{{"role", verb.role}, {"minutes", verb.minutes}}));
  const std::string token = TRY(answer["token"].to_string("token"));
  if (verb.token_only) {
    fmt::print("{}\n", token);
    return kExitSuccess;
  }
  fmt::print(
      "A pass for {}s, valid for {} minutes. Open one of these links in a browser, or send "
      "\"Authorization: Bearer TOKEN\" with\nTOKEN {}\n\n",
      verb.role, verb.minutes, token);
  if (const json::Object* urls = answer["urls"].object()) {
    for (const json::Member& member : urls->members()) {
      const std::string url = TRY(member.value.to_string("url"));
      fmt::print("{:<14}{}\n", member.key, url);
    }
  }
  return kExitSuccess;
}

}  // namespace

void register_pass(Command& root) {
  Command& pass = root.subcommand("pass", "Passes for members and operators");
  auto issuing = std::make_shared<IssueVerb>();
  Command& issue_verb = pass.subcommand("issue", "Make a short-lived pass");
  control::add_estate_option(issue_verb, *issuing);
  issue_verb.option("--role", issuing->role, "member or operator")
      .option("--minutes", issuing->minutes, "How long it is valid, at most 480")
      .flag("--token", issuing->token_only, "Print the token alone, for programs")
      .on_run([issuing] { return issue(*issuing); });
}

}  // namespace bulkhead::cli::pass
