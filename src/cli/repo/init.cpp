#include <fmt/format.h>

#include "cli/repo/password.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

struct Options {
  SessionOptions session;
  SessionOptions source;
  bool copy_chunker_params = false;
  std::string version = "2";
};

Result<repository::InitOptions> init_options(const Options& options) {
  repository::InitOptions out;
  if (options.version != "2" && options.version != "stable" && options.version != "latest") {
    return fail(ErrorKind::invalid,
                "repositories are made in version 2 of the format; version 1 "
                "is only read");
  }
  if (!options.copy_chunker_params) return out;
  const auto source = TRY_CONTEXT(open_session(options.source), "--from-repo");
  out.chunker_polynomial = source->chunker_polynomial();
  return out;
}

Result<int> init(const Options& given) {
  const SessionOptions& options = given.session;
  const repository::InitOptions settings = TRY(init_options(given));
  const repository::RepositoryOptions repository_settings = TRY(repository_options(options));
  auto backend = TRY(open_session_backend(options));
  const std::string location = backend->location();
  const crypto::Secret password = TRY(read_new_password(password_source(options)));
  const auto repository = TRY(repository::Repository::init(std::move(backend), password.text(),
                                                           settings, repository_settings));
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
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("init", "Make a new repository");
  add_session_options(command, options->session);
  add_source_options(command, options->source);
  command
      .flag("--copy-chunker-params", options->copy_chunker_params,
            "cut files as --from-repo does, so that copies share their chunks")
      .option("--repository-version", options->version, "of the format: 2");
  command.on_run([options] {
    share_connection(options->session, options->source);
    return init(*options);
  });
}

}  // namespace bulkhead::cli::repo
