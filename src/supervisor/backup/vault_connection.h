// The estate's repository in the vault, opened with the secrets of the estate's folder when it is
// first needed and kept open: deriving the key from the password takes a while. Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>

#include "repository/repository.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

class VaultConnection {
 public:
  // A call of the vault that failed is not tried again once a stop is asked for.
  using Connect =
      std::function<Result<std::unique_ptr<repository::Repository>>(const std::stop_token&)>;

  explicit VaultConnection(Connect connect) : connect_(std::move(connect)) {}

  // Shared: a backup and a recovery may use it at the same time, and reset() must not end it under
  // them.
  Result<std::shared_ptr<repository::Repository>> open();
  // The next open() connects anew.
  void reset();
  // Nobody waits any longer for a vault that does not answer, now and from now on.
  void stop_waiting() { stop_.request_stop(); }

 private:
  const Connect connect_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::shared_ptr<repository::Repository> repository_;  // under mutex_
};

// With the credential and the password of the estate's folder. The repository is made, empty, where
// the vault does not hold it yet.
VaultConnection::Connect connect_to_vault(VaultConfig config, Layout layout);

}  // namespace bulkhead::supervisor
