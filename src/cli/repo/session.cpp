#include "cli/repo/session.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "storage/retrying.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::size_t kSmallFileMax = 64 << 10;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

Result<crypto::Secret> ask_on_terminal(std::string_view prompt) {
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) {
    return fail(ErrorKind::invalid,
                "no password: give --password-file or set RESTIC_PASSWORD_FILE or RESTIC_PASSWORD");
  }
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  fmt::print(stderr, "{}: ", prompt);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string line(4096, '\0');
  const char* read = std::fgets(line.data(), static_cast<int>(line.size()), stdin);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  fmt::print(stderr, "\n");
  if (read == nullptr) return fail(ErrorKind::invalid, "no password was entered");
  crypto::Secret password = crypto::Secret::copy_of(trim(line.c_str()));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(line.data()), line.size()});
  return password;
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
      .option("--cacert", options.ca_certificate_file, "PEM file of whom a REST server must show",
              "RESTIC_CACERT")
      .option("--tls-client-cert", options.client_certificate_file,
              "PEM file with the certificate and key to show to a REST server",
              "RESTIC_TLS_CLIENT_CERT")
      .option("--compression", options.compression, "auto, off or max", "RESTIC_COMPRESSION")
      .option("--pack-size", options.pack_size_mib, "MiB at which a pack is closed, 4 to 128",
              "RESTIC_PACK_SIZE")
      .option("--cache-dir", options.cache_folder, "where indexes are kept between runs",
              "RESTIC_CACHE_DIR")
      .flag("--no-cache", options.no_cache, "keep no index between runs")
      .flag("--json", options.json, "write JSON for programs")
      .flag("-q,--quiet", options.quiet, "no progress and no summary")
      .flag("--no-lock", options.no_lock, "do not lock the repository where only reading");
}

Result<std::unique_ptr<storage::Backend>> open_session_backend(const SessionOptions& options) {
  std::string location = options.location;
  if (location.empty() && !options.location_file.empty()) {
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
  open.s3_key_id = environment("AWS_ACCESS_KEY_ID");
  open.s3_secret_key = environment("AWS_SECRET_ACCESS_KEY");
  open.s3_session_token = environment("AWS_SESSION_TOKEN");
  open.s3_region = environment("AWS_DEFAULT_REGION");
  auto backend = TRY(storage::open_backend(location, open));
  return storage::with_retries(std::move(backend));
}

Result<crypto::Secret> read_password(const SessionOptions& options, std::string_view purpose) {
  if (!options.password_file.empty()) {
    Bytes content = TRY_CONTEXT(read_file(options.password_file, kSmallFileMax), "password");
    crypto::Secret password = crypto::Secret::copy_of(trim(as_text(content)));
    crypto::wipe(content);
    if (password.empty()) return fail(ErrorKind::invalid, "the password file is empty");
    return password;
  }
  if (const char* value = std::getenv("RESTIC_PASSWORD"); value != nullptr && *value != '\0') {
    return crypto::Secret::copy_of(std::string_view(value));
  }
  return ask_on_terminal(purpose);
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
  return out;
}

Result<std::unique_ptr<repository::Repository>> open_session(const SessionOptions& options) {
  const repository::RepositoryOptions repository_settings = TRY(repository_options(options));
  auto backend = TRY(open_session_backend(options));
  const crypto::Secret password = TRY(read_password(options, "repository's password"));
  return repository::Repository::open(std::move(backend), password.text(), repository_settings);
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
