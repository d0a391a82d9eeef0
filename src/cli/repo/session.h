// What all verbs of `bulkhead repo` share: where the repository is and how it opens. Flags and
// variables are restic's: -r, --repository-file, --password-file, RESTIC_REPOSITORY,
// RESTIC_PASSWORD, RESTIC_PASSWORD_FILE, RESTIC_REST_USERNAME, RESTIC_REST_PASSWORD, RESTIC_CACERT.
#pragma once

#include <memory>
#include <string>

#include "cli/command.h"
#include "repository/repository.h"

namespace bulkhead::cli::repo {

struct SessionOptions {
  std::string location;
  std::string location_file;
  std::string password_file;
  std::string ca_certificate_file;
  std::string client_certificate_file;
  std::string compression = "auto";
  std::uint64_t pack_size_mib = 16;
  std::string cache_folder;  // empty: the user's own
  bool no_cache = false;
  bool json = false;
  bool quiet = false;
  bool no_lock = false;
};

void add_session_options(Command& command, SessionOptions& options);

Result<std::unique_ptr<storage::Backend>> open_session_backend(const SessionOptions& options);
// From the file, the variable, or asked for on a terminal.
Result<crypto::Secret> read_password(const SessionOptions& options, std::string_view purpose);
Result<std::unique_ptr<repository::Repository>> open_session(const SessionOptions& options);
Result<repository::RepositoryOptions> repository_options(const SessionOptions& options);

// restic's exit statuses for a repository that is not there, locked, or refuses the password.
int exit_status_of(const Error& error);

}  // namespace bulkhead::cli::repo
