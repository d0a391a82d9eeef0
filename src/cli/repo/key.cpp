#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/password.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/keys.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  PasswordSource new_password{.prefix = "new-"};
  repository::NewKey key;
  std::string id;
};

Result<int> list(const Options& options, Session& session) {
  const auto keys = TRY(repository::list_keys(session.repository));
  if (options.session.json) {
    json::Array array;
    for (const repository::KeyInfo& key : keys) {
      array.emplace_back(json::Object{{"current", key.current},
                                      {"id", key.id},
                                      {"userName", key.username},
                                      {"hostName", key.hostname},
                                      {"created", to_rfc3339(key.created)}});
    }
    TRY(print_output(json::write(array) + "\n"));
    return kExitSuccess;
  }
  std::string text =
      fmt::format(" {:8}  {:12}  {:20}  {}\n", "ID", "User", "Host", "Created (UTC)");
  for (const repository::KeyInfo& key : keys) {
    text += fmt::format("{}{:8}  {:12}  {:20}  {}\n", key.current ? '*' : ' ', key.id.substr(0, 8),
                        show_name(key.username), show_name(key.hostname), show_time(key.created));
  }
  TRY(print_output(text));
  return kExitSuccess;
}

Result<int> report(const Options& options, std::string_view type, std::string_view what,
                   const std::string& id) {
  if (options.session.json) {
    TRY(print_output(json::write(json::Object{{"message_type", type}, {"id", id}}) + "\n"));
  } else if (!options.session.quiet) {
    TRY(print_output(fmt::format("{} {}\n", what, id)));
  }
  return kExitSuccess;
}

Result<int> add(const Options& options, Session& session) {
  const crypto::Secret password = TRY(read_new_password(options.new_password));
  const std::string id = TRY(repository::add_key(session.repository, password.text(), options.key));
  return report(options, "key_added", "added key", id);
}

Result<int> remove(const Options& options, Session& session) {
  const std::string id = TRY(repository::remove_key(session.repository, options.id));
  return report(options, "key_removed", "removed key", id);
}

Result<int> change(const Options& options, Session& session) {
  const crypto::Secret password = TRY(read_new_password(options.new_password));
  const std::string id =
      TRY(repository::change_password(session.repository, password.text(), options.key));
  return report(options, "password_changed", "changed the password; the new key is", id);
}

using Verb = Result<int> (*)(const Options&, Session&);

Command& add_verb(Command& keys, const std::string& name, const std::string& help, Verb verb,
                  const std::shared_ptr<Options>& options) {
  Command& command = keys.subcommand(name, help);
  add_session_options(command, options->session);
  return command.on_run([options, verb] {
    return with_repository(options->session, Locking::none,
                           [&](Session& session) { return verb(*options, session); });
  });
}

void add_new_key_options(Command& command, Options& options) {
  command
      .option("--new-password-file", options.new_password.file,
              "a file that holds the new password")
      .option("--new-password-command", options.new_password.command,
              "a program that prints the new password")
      .flag("--new-insecure-no-password", options.new_password.none,
            "the new password is empty: whoever can read the repository can open it")
      .option("--user", options.key.username, "the user that the key names")
      .option("--host", options.key.hostname, "the host that the key names");
}

}  // namespace

void register_key(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& keys = repo.subcommand("key", "The passwords that open the repository");
  add_verb(keys, "list", "List the keys", list, options);
  add_new_key_options(add_verb(keys, "add", "Add a password", add, options), *options);
  add_verb(keys, "remove", "Remove a key, and so its password", remove, options)
      .argument("ID", options->id, "the key's id, or its beginning", Need::required);
  add_new_key_options(
      add_verb(keys, "passwd", "Put another password in place of the one in use", change, options),
      *options);
}

}  // namespace bulkhead::cli::repo
