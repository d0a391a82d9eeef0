#include "cli/repo/session.h"

#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "base/file.h"
#include "base/guarded.h"
#include "base/text.h"
#include "cli/repo/interruption.h"
#include "cli/repo/option_values.h"
#include "repository/cache.h"
#include "repository/lock.h"
#include "storage/discarding.h"
#include "storage/retrying.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::size_t kSmallFileMax = 64 << 10;
constexpr std::chrono::days kCacheAgeMax(30);

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

void add_session_options(Command& command, SessionOptions& options) {
  command
      .option("-r,--repo", options.location,
              "the repository: a folder, local:FOLDER, rest:URL or s3:URL", "RESTIC_REPOSITORY")
      .option("--repository-file", options.location_file, "a file that holds the location",
              "RESTIC_REPOSITORY_FILE")
      .option("-p,--password-file", options.password_file, "a file that holds the password",
              "RESTIC_PASSWORD_FILE")
      .option("--password-command", options.password_command, "a program that prints the password",
              "RESTIC_PASSWORD_COMMAND")
      .flag("--insecure-no-password", options.no_password,
            "the password is empty: whoever can read the repository can open it")
      .option("--key-hint", options.key_hint, "beginning of the id of the key to try first",
              "RESTIC_KEY_HINT")
      .option("--cacert", options.ca_certificate_file, "PEM file of whom a REST server must show",
              "RESTIC_CACERT")
      .option("--tls-client-cert", options.client_certificate_file,
              "PEM file with the certificate and key to show to a REST server",
              "RESTIC_TLS_CLIENT_CERT")
      .flag("--insecure-tls", options.any_certificate,
            "believe whoever answers to be the server (insecure)")
      .option("--limit-upload", options.upload_limit_kib, "KiB a second sent to a server at most")
      .option("--limit-download", options.download_limit_kib,
              "KiB a second received from a server at most")
      .option("--compression", options.compression, "auto, off or max", "RESTIC_COMPRESSION")
      .option("--pack-size", options.pack_size_mib, "MiB at which a pack is closed, 4 to 128",
              "RESTIC_PACK_SIZE")
      .option("--cache-dir", options.cache_folder, "where indexes are kept between runs",
              "RESTIC_CACHE_DIR")
      .flag("--no-cache", options.no_cache, "keep no index between runs")
      .flag("--cleanup-cache", options.clean_caches,
            "remove what is kept of repositories not used "
            "for 30 days")
      .flag("--json", options.json, "write JSON for programs")
      .errors_as_json(options.json)
      .flag("-q,--quiet", options.quiet, "no progress and no summary")
      .flag("-v,--verbose", options.verbosity, "say more; twice: of each file")
      .flag("--no-lock", options.no_lock, "do not lock the repository where only reading")
      .option("--retry-lock", options.lock_patience,
              "wait so long for somebody else's lock to go: 30s, 5m, 1h30m");
}

void add_source_options(Command& command, SessionOptions& source) {
  source.password_variable = "RESTIC_FROM_PASSWORD";
  source.flag_prefix = "from-";
  command
      .option("--from-repo", source.location, "the repository to read from",
              "RESTIC_FROM_REPOSITORY")
      .option("--from-repository-file", source.location_file, "a file that holds its location",
              "RESTIC_FROM_REPOSITORY_FILE")
      .option("--from-password-file", source.password_file, "a file that holds its password",
              "RESTIC_FROM_PASSWORD_FILE")
      .option("--from-password-command", source.password_command,
              "a program that prints its password", "RESTIC_FROM_PASSWORD_COMMAND")
      .flag("--from-insecure-no-password", source.no_password, "its password is empty")
      .option("--from-key-hint", source.key_hint, "beginning of the id of its key to try first",
              "RESTIC_FROM_KEY_HINT");
}

void share_connection(const SessionOptions& given, SessionOptions& source) {
  source.ca_certificate_file = given.ca_certificate_file;
  source.client_certificate_file = given.client_certificate_file;
  source.any_certificate = given.any_certificate;
  source.upload_limit_kib = given.upload_limit_kib;
  source.download_limit_kib = given.download_limit_kib;
  source.cache_folder = given.cache_folder;
  source.no_cache = given.no_cache;
  source.lock_patience = given.lock_patience;
}

Result<std::unique_ptr<storage::Backend>> open_session_backend(const SessionOptions& options) {
  std::string location = options.location;
  if (!location.empty() && !options.location_file.empty()) {
    return fail(
        ErrorKind::invalid,
        fmt::format("two repositories are named, \"{}\" and by the file {}: leave out "
                    "--{}repo or --{}repository-file, or its variable",
                    location, options.location_file, options.flag_prefix, options.flag_prefix));
  }
  if (!options.location_file.empty()) {
    const std::string text = TRY(read_text_file(options.location_file, kSmallFileMax));
    location = trim(text);
  }
  if (location.empty()) {
    return fail(ErrorKind::invalid, "no repository: give -r or set RESTIC_REPOSITORY");
  }
  storage::OpenOptions open;
  open.rest_user = environment("RESTIC_REST_USERNAME");
  open.rest_password = environment("RESTIC_REST_PASSWORD");
  open.ca_certificate_file = options.ca_certificate_file;
  open.client_certificate_file = options.client_certificate_file;
  open.any_certificate = options.any_certificate;
  open.upload_limit = options.upload_limit_kib << 10;
  open.download_limit = options.download_limit_kib << 10;
  open.s3_key_id = environment("AWS_ACCESS_KEY_ID");
  open.s3_secret_key = environment("AWS_SECRET_ACCESS_KEY");
  open.s3_session_token = environment("AWS_SESSION_TOKEN");
  open.s3_region = environment("AWS_DEFAULT_REGION");
  constexpr std::uint64_t kLimitMax = std::uint64_t{1} << 50;
  if (options.upload_limit_kib > kLimitMax || options.download_limit_kib > kLimitMax) {
    return fail(ErrorKind::invalid, "--limit-upload and --limit-download are in KiB a second");
  }
  auto backend = storage::with_retries(TRY(storage::open_backend(location, open)));
  if (options.discard_writes) return storage::without_writing(std::move(backend));
  return backend;
}

PasswordSource password_source(const SessionOptions& options) {
  return {.file = options.password_file,
          .command = options.password_command,
          .variable = options.password_variable,
          .none = options.no_password,
          .prefix = options.flag_prefix};
}

// XDG Base Directory Specification.
Path cache_folder(const SessionOptions& options) {
  if (options.no_cache) return {};
  if (!options.cache_folder.empty()) return options.cache_folder;
  const Path caches = environment("XDG_CACHE_HOME");
  if (caches.is_absolute()) return caches / "bulkhead";
  const Path home = environment("HOME");
  return home.is_absolute() ? home / ".cache" / "bulkhead" : Path();
}

Result<repository::RepositoryOptions> repository_options(const SessionOptions& options) {
  repository::RepositoryOptions out;
  if (options.compression == "off") out.compression = repository::Compression::off;
  else if (options.compression == "max") out.compression = repository::Compression::maximum;
  else if (options.compression != "auto") {
    return fail(ErrorKind::invalid,
                fmt::format("--compression is auto, off or max, not \"{}\"", options.compression));
  }
  if (options.pack_size_mib < 4 || options.pack_size_mib > 128) {
    return fail(ErrorKind::invalid, "--pack-size is between 4 and 128 MiB");
  }
  out.pack_size = options.pack_size_mib << 20;
  out.cache_folder = cache_folder(options);
  out.key_hint = options.key_hint;
  if (!options.lock_patience.empty()) {
    out.lock_patience = TRY(parse_duration(options.lock_patience, "--retry-lock"));
  }
  return out;
}

Result<std::unique_ptr<repository::Repository>> open_session(const SessionOptions& options) {
  // A missing file that is to say something is no missing repository, and one that cannot be read
  // is no wrong password.
  const auto as_usage = [](const Error& error) {
    return std::unexpected(Error(ErrorKind::invalid, error.message(), error.retry()));
  };
  const repository::RepositoryOptions repository_settings = TRY(repository_options(options));
  auto reached = open_session_backend(options);
  if (!reached) return as_usage(reached.error());
  auto given = read_password(password_source(options), "repository's password");
  if (!given) return as_usage(given.error());
  auto backend = *std::move(reached);
  const crypto::Secret password = *std::move(given);
  if (options.clean_caches && !repository_settings.cache_folder.empty()) {
    TRY(repository::remove_old_caches(repository_settings.cache_folder,
                                      SystemClock().now() - kCacheAgeMax));
  }
  auto opened =
      repository::Repository::open(std::move(backend), password.text(), repository_settings);
  if (opened || opened.error().kind() != ErrorKind::denied) return opened;
  // restic's status of a wrong password is for that alone, not for a store that lets nobody in.
  if (TRY(open_session_backend(options))->list(storage::FileType::key)) return opened;
  return fail(ErrorKind::unavailable, opened.error().message());
}

Result<int> with_repository(const SessionOptions& options, Locking locking,
                            const std::function<Result<int>(Session&)>& action) {
  // Where nobody reads our output any more, writing fails and the lock is given back.
  std::signal(SIGPIPE, SIG_IGN);
  const auto repository = open_session(options);
  if (!repository) {
    return report_failure(options, repository.error(), exit_status_of(repository.error()));
  }
  Guarded<std::unique_ptr<repository::Lock>> lock;
  const auto interruption =
      TRY(Interruption::watch([&] { lock.with([](auto& held) { held.reset(); }); }));
  const bool locks_here = locking == Locking::shared || locking == Locking::unsettled;
  if (locks_here && !options.no_lock) {
    auto taken = locking == Locking::shared ? repository::Lock::shared(**repository)
                                            : repository::Lock::shared_unsettled(**repository);
    if (!taken) {
      const bool locked = taken.error().kind() == ErrorKind::conflict;
      return report_failure(options, taken.error(), locked ? kExitLocked : kExitFailure);
    }
    lock.with([&](auto& held) { held = *std::move(taken); });
  }
  const auto settle = [&] {
    return lock.with([](auto& held) { return held ? held->settle() : Result<void>(); });
  };
  Session session{**repository, [&] { return interruption->cancel(); }, settle};
  const Result<int> status = action(session);
  if (interruption->happened()) {
    if (!status) return report_failure(options, status.error(), kExitInterrupted);
    return kExitInterrupted;
  }
  if (locking == Locking::by_action && !status && status.error().kind() == ErrorKind::conflict) {
    return report_failure(options, status.error(), kExitLocked);
  }
  return status;
}

int report_failure(const SessionOptions& options, const Error& error, int status) {
  return report_error(error, status, options.json ? ErrorForm::json : ErrorForm::text);
}

int exit_status_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::not_found: return kExitNoRepository;
    case ErrorKind::denied: return kExitWrongPassword;
    case ErrorKind::conflict: return kExitLocked;
    default: return kExitFailure;
  }
}

}  // namespace bulkhead::cli::repo
