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
  Vault(Configuration configuration, const Clock& clock);

  // Reads the credentials, and makes the data folder.
  Result<void> start();
  http::Response handle(http::Request& request);
  // For the local socket: /livez, /readyz, /metrics.
  http::Response handle_local(http::Request& request);

 private:
  http::Response dispatch(http::Request& request, const RequestPath& path);
  http::Response handle_repository(http::Request& request, const RequestPath& path);
  http::Response handle_list(http::Request& request, const RequestPath& path,
                             RepositoryStore& store);
  http::Response save(http::Request& request, const RequestPath& path, RepositoryStore& store);
  http::Response load(http::Request& request, const RequestPath& path, RepositoryStore& store);
  http::Response remove(http::Request& request, const RequestPath& path, RepositoryStore& store);
  // Kind not_found where the repository was not created.
  Result<RepositoryStore*> find_store(const std::string& repository);
  Result<RepositoryStore*> create_store(const std::string& repository);

  using Stores = std::map<std::string, std::unique_ptr<RepositoryStore>, std::less<>>;
  const Configuration configuration_;
  const Clock& clock_;
  Credentials credentials_;
  Metrics metrics_;
  Guarded<Stores> stores_;  // opened ones; none is ever taken out
};

}  // namespace bulkhead::vault
