#include <fmt/format.h>

#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

Result<int> init(const SessionOptions& options) {
  const repository::RepositoryOptions repository_settings = TRY(repository_options(options));
  auto backend = TRY(open_session_backend(options));
  const std::string location = backend->location();
  const crypto::Secret password = TRY(read_password(options, "new password"));
  const auto repository = TRY(
      repository::Repository::init(std::move(backend), password.text(), {}, repository_settings));
  if (options.json) {
    fmt::print("{}\n", json::write(json::Object{{"message_type", "initialized"},
                                                {"id", repository->id()},
                                                {"repository", location}}));
  } else if (!options.quiet) {
    fmt::print("made repository {} at {}\n", repository->id().substr(0, 10), location);
    fmt::print("Whoever loses the password loses all that is in it.\n");
  }
  return kExitSuccess;
}

}  // namespace

void register_init(Command& repo) {
  auto options = std::make_shared<SessionOptions>();
  Command& command = repo.subcommand("init", "Make a new repository");
  add_session_options(command, *options);
  command.on_run([options] { return init(*options); });
}

}  // namespace bulkhead::cli::repo
