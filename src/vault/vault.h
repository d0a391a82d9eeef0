// The vault: restic's REST protocol, version 2, over what RepositoryStore allows. Requests come in
// here already parsed, so that the protocol is tested without a socket.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "http/message.h"
#include "vault/configuration.h"
#include "vault/credentials.h"
#include "vault/metrics.h"
#include "vault/oversight.h"
#include "vault/request_path.h"
#include "vault/witness_host.h"
#include "vault/worker_shares.h"

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

  Vault(Configuration configuration, const Clock& clock, FileLayer& files = system_files(),
        Oversight::OpenCopies open_copies = LockedCopies::open);

  // Reads the credentials, makes the data folder where it is missing, opens all that is in it.
  Result<void> start();
  http::Response handle(http::Request& request);
  // For the local socket: /livez, /readyz, /metrics, /.vault/status.
  http::Response handle_local(http::Request& request);
  // What runs in the background: call its tick() every few seconds, from one thread, and its
  // keep_copies(), from another.
  Oversight& oversight() { return *oversight_; }

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
  // Officers' orders, the vault's identity, the status page.
  enum class Listener { network, local };
  http::Response handle_own(http::Request& request, Listener listener);
  // A ledger's owner shows a credential; what it has shown is there for anybody to compare with.
  http::Response handle_witness(http::Request& request, const Result<Access>& access);
  http::Response take_order(http::Request& request);
  Repositories& repositories() { return oversight_->repositories(); }

  const Configuration configuration_;
  const Clock& clock_;
  FileLayer& files_;
  const Oversight::OpenCopies open_copies_;
  RateLimit order_rate_;
  WorkerShares workers_;
  Credentials credentials_;
  Metrics metrics_;
  SystemRandom random_;
  std::unique_ptr<Oversight> oversight_;  // since start()
  std::unique_ptr<WitnessHost> witness_;  // nullptr where it is none
};

}  // namespace bulkhead::vault
