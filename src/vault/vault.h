// The vault: restic's REST protocol, version 2, over what RepositoryStore allows. Requests come in
// here already parsed, so that the protocol is tested without a socket.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "http/message.h"
#include "vault/configuration.h"
#include "vault/credentials.h"
#include "vault/metrics.h"
#include "vault/repository_store.h"
#include "vault/request_path.h"

namespace bulkhead::vault {

// Thread-safe after start().
class Vault {
 public:
  // A request for one file, its path and sender known.
  struct Transaction {
    http::Request& request;
    const RequestPath& path;
    const Access& access;
    RepositoryStore& store;
  };

  Vault(Configuration configuration, const Clock& clock, FileLayer& files = system_files());

  // Reads the credentials, and makes the data folder.
  Result<void> start();
  http::Response handle(http::Request& request);
  // For the local socket: /livez, /readyz, /metrics.
  http::Response handle_local(http::Request& request);

 private:
  http::Response dispatch(http::Request& request, const Access& access);
  http::Response handle_repository(http::Request& request, const RequestPath& path);
  http::Response handle_list(http::Request& request, const RequestPath& path,
                             RepositoryStore& store);
  http::Response save(const Transaction& on);
  http::Response load(const Transaction& on);
  http::Response remove(const Transaction& on);
  bool shows_metrics(bool authenticated) const;
  http::Response metrics();
  // Kind not_found where the repository was not created.
  Result<RepositoryStore*> find_store(const std::string& repository);
  Result<RepositoryStore*> create_store(const std::string& repository);

  using Stores = std::map<std::string, std::unique_ptr<RepositoryStore>, std::less<>>;
  const Configuration configuration_;
  Usage usage_;  // of all repositories
  const Surroundings surroundings_;
  Credentials credentials_;
  Metrics metrics_;
  Guarded<Stores> stores_;  // opened ones; none is ever taken out
};

}  // namespace bulkhead::vault
