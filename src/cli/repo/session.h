// What all verbs of `bulkhead repo` share: where the repository is and how it opens. Flags and
// variables are restic's: -r, --repository-file, --password-file, --password-command,
// RESTIC_REPOSITORY, RESTIC_PASSWORD, RESTIC_PASSWORD_FILE, RESTIC_PASSWORD_COMMAND,
// RESTIC_REST_USERNAME, RESTIC_REST_PASSWORD, RESTIC_CACERT and so on (docs/repository.md).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cli/command.h"
#include "cli/repo/password.h"
#include "repository/repository.h"

namespace bulkhead::cli::repo {

struct SessionOptions {
  std::string location;
  std::string location_file;
  std::string password_file;
  std::string password_command;
  bool no_password = false;
  const char* password_variable = "RESTIC_PASSWORD";
  std::string_view flag_prefix = "";  // "from-" of a second repository
  std::string key_hint;
  std::string ca_certificate_file;
  std::string client_certificate_file;
  bool any_certificate = false;
  std::uint64_t upload_limit_kib = 0;  // a second; 0: none
  std::uint64_t download_limit_kib = 0;
  std::string compression = "auto";
  std::uint64_t pack_size_mib = 16;
  std::string cache_folder;  // empty: the user's own
  bool no_cache = false;
  bool clean_caches = false;
  std::uint64_t verbosity = 0;
  bool json = false;
  bool quiet = false;
  bool no_lock = false;
  std::string lock_patience;    // "5m"
  bool discard_writes = false;  // a dry run; set by the verb
};

void add_session_options(Command& command, SessionOptions& options);
// --from-repo and the like, for verbs that read a second repository.
void add_source_options(Command& command, SessionOptions& source);
// What is given once, and meant for both repositories: whom to trust, limits, the cache.
void share_connection(const SessionOptions& given, SessionOptions& source);

Result<std::unique_ptr<storage::Backend>> open_session_backend(const SessionOptions& options);
PasswordSource password_source(const SessionOptions& options);
Result<std::unique_ptr<repository::Repository>> open_session(const SessionOptions& options);
Result<repository::RepositoryOptions> repository_options(const SessionOptions& options);
// Where indexes are kept between runs; empty for nowhere.
Path cache_folder(const SessionOptions& options);

enum class Locking {
  none,
  shared,
  unsettled,  // shared, but the action calls `settle` while it works, and fails where that does
  by_action,  // the library's call locks; its error of kind conflict is a lock of somebody else
};

struct Session {
  repository::Repository& repository;
  // Asks for the flag that says to stop; a verb that does not is ended once its lock is gone.
  std::function<const std::atomic<bool>*()> cancel;
  // Waits a moment and looks whether somebody else has locked the repository. Thread-safe.
  std::function<Result<void>()> settle;
};

// Opens, locks unless --no-lock was given, runs, and unlocks, when interrupted too. What fails has
// restic's exit status.
Result<int> with_repository(const SessionOptions& options, Locking locking,
                            const std::function<Result<int>(Session&)>& action);

// Prints it in the form that the options ask for; answers `status`.
int report_failure(const SessionOptions& options, const Error& error, int status);

// restic's exit statuses for a repository that is not there, locked, or refuses the password.
int exit_status_of(const Error& error);

}  // namespace bulkhead::cli::repo
