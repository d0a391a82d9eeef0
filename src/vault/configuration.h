// The vault's configuration: a TOML file (docs/formats/vault.md, "Configuration"), or the flags
// that restic's rest-server has.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/file.h"
#include "repository/keep_policy.h"
#include "vault/rate_limit.h"

namespace bulkhead::vault {

struct Limits {
  std::uint64_t file_size_max = 256u << 20;
  std::uint64_t repository_size_max = 0;     // bytes; 0: the disk is the limit
  std::uint64_t repository_objects_max = 0;  // 0: no limit
  std::uint64_t free_space_min = 64u << 20;  // of the disk: below that nothing is taken in
  std::size_t keys_max = 16;                 // restic tries 20
  std::size_t locks_max = 1000;
  Rates rates;
};

enum class KeyPolicy { frozen_after_first_snapshot, open };

// When what arrives is out of the ordinary for its repository (src/vault/churn.h).
struct ChurnLimits {
  std::uint64_t size_min = 64u << 20;  // less than that in one backup alarms nobody
  double factor = 4;                   // of what the backups before brought at most
  double share = 0.5;                  // of all that the repository held before
};

// What holds for one repository.
struct RepositoryPolicy {
  KeyPolicy keys = KeyPolicy::frozen_after_first_snapshot;
  Limits limits;
  // Nothing: nothing is ever deleted.
  std::optional<std::chrono::milliseconds> retention;
  ChurnLimits churn;
  // What of it the vault forgets by itself, and prunes; empty: nothing.
  repository::KeepPolicy keep;
  Path read_key;  // the repository's password, where the vault may look inside; empty: it may not
};

// Where every file is kept once more, under object lock.
struct ObjectStore {
  std::string bucket;  // "https://host:port/bucket/prefix", made with object lock; empty: none
  Path access;         // the file with the access key
  Path authority;      // PEM, of its TLS; empty: the system's
  std::string region;
  std::chrono::milliseconds retention{};  // COMPLIANCE, from when it was received
};

enum class CredentialForm { own_file, htpasswd, nobody_asked };
// Of a credential: the repository that it names; the folder of its user's name, as rest-server's
// --private-repos has it; or all.
enum class Reach { one_repository, own_folder, every_repository };
struct CredentialSource {
  CredentialForm form = CredentialForm::own_file;
  Path file;
  Reach reach = Reach::one_repository;
};

enum class ClientCertificates { none, accepted, required };
// Who sees /metrics on the vault's own port; the local socket shows them in any case.
enum class PublicMetrics { none, to_credentials, to_all };

struct Configuration {
  std::string address;
  std::uint16_t port = 0;
  Path unix_socket;  // in place of address and port
  Path data;
  Path certificate;  // empty: no TLS
  Path key;
  ClientCertificates client_certificates = ClientCertificates::none;
  Path client_authority;  // that signed them
  CredentialSource credentials;
  PublicMetrics public_metrics = PublicMetrics::none;
  Path metrics_socket;  // empty: none
  std::size_t threads = 96;
  std::uint64_t size_max = 0;  // of all repositories together; 0: the disk is the limit
  RepositoryPolicy policy;     // where a repository has none of its own
  std::map<std::string, RepositoryPolicy, std::less<>> repositories;
  bool root_repository = false;  // the data folder itself may be a repository, as in rest-server
  ObjectStore object_store;
  Path officers;  // who may sign requests; empty: nobody
  Path witness;   // key, known ledgers and memory of a witness; empty: it is none
  std::chrono::milliseconds destruction_delay = std::chrono::hours(72);
  std::string webhook;  // where announcements and alarms are posted; empty: nowhere
  std::chrono::milliseconds scrub_period = std::chrono::days(30);  // to have read all once

  const RepositoryPolicy& policy_of(std::string_view repository) const;
  // The vault's own files beside the repositories: no repository's name begins with a dot.
  Path state_folder() const { return data / ".vault"; }
};

// Relative paths in it are relative to its own folder.
Result<Configuration> read_configuration(const Path& file);

// rest-server's flags, as far as they do the same here; --append-only is always on.
struct RestServerFlags {
  Path path;
  std::string listen = ":8000";  // ":8000", "127.0.0.1:8000", "[::1]:8000", "unix:/run/vault.sock"
  bool tls = false;
  Path tls_cert;       // empty: PATH/public_key
  Path tls_key;        // empty: PATH/private_key
  Path htpasswd_file;  // empty: PATH/.htpasswd
  bool no_auth = false;
  bool private_repos = false;
  std::uint64_t max_size = 0;
  bool prometheus = false;
  bool prometheus_no_auth = false;
};
Result<Configuration> configuration_of(const RestServerFlags& flags);

}  // namespace bulkhead::vault
