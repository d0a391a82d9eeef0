#include "cli/drill/escapes.h"

#include <algorithm>
#include <array>
#include <set>

namespace bulkhead::cli::drill {
namespace {

// The kernel's error by name. One that only says that no answer came in time is no refusal: what
// was sent may have got out.
bool is_refusal(const json::Value& attempt) {
  constexpr std::array<std::string_view, 3> kUndecided = {"EINPROGRESS", "EAGAIN", "ETIMEDOUT"};
  const bool* succeeded = attempt["succeeded"].boolean();
  const std::string outcome = text_of(attempt["outcome"]);
  return succeeded != nullptr && !*succeeded && outcome.starts_with('E') &&
         std::ranges::find(kUndecided, outcome) == kUndecided.end();
}

}  // namespace

EscapeVerdict judge_escapes(const json::Value& attack_report,
                            const std::vector<attacker::Target>& named) {
  std::set<std::string> missing;
  for (const attacker::Target& target : named) {
    missing.insert(std::string(name_of(target.way)) + " " + target.where);
  }
  for (const attacker::KnownTarget& target : attacker::kKnownTargets) {
    missing.insert(std::string(name_of(target.way)) + " " + std::string(target.where));
  }
  EscapeVerdict verdict;
  const json::Array* attempts = attack_report["attempts"].array();
  for (const json::Value& attempt : attempts != nullptr ? *attempts : json::Array()) {
    const std::string target = text_of(attempt["way"]) + " " + text_of(attempt["target"]);
    missing.erase(target);
    if (is_refusal(attempt)) {
      ++verdict.refused;
    } else {
      verdict.open.push_back(target + ": " + text_of(attempt["outcome"]));
    }
  }
  for (const std::string& target : missing) verdict.open.push_back(target + " was not tried");
  return verdict;
}

}  // namespace bulkhead::cli::drill
