// Whoever may write to one repository must not keep all of the vault's workers waiting for bodies
// that come slowly: when few are left, they are for the other repositories. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/guarded.h"

namespace bulkhead::vault {

class WorkerShares {
 public:
  explicit WorkerShares(std::size_t workers) : workers_(workers) {}

  // A worker that reads a body, until its end. Move-only; the shares outlive it.
  class Share {
   public:
    Share(WorkerShares& shares, std::string repository)
        : shares_(&shares), repository_(std::move(repository)) {}
    Share(Share&& other) noexcept
        : shares_(std::exchange(other.shares_, nullptr)),
          repository_(std::move(other.repository_)) {}
    Share& operator=(Share&&) = delete;
    ~Share() {
      if (shares_ != nullptr) shares_->give_back(repository_);
    }

   private:
    WorkerShares* shares_;
    std::string repository_;
  };
  // Nothing where this repository has more than half of them and the last eighth is left.
  std::optional<Share> take(const std::string& repository);

 private:
  struct State {
    std::size_t all = 0;
    std::map<std::string, std::size_t> of;
  };
  void give_back(const std::string& repository);

  const std::size_t workers_;
  Guarded<State> state_;
};

}  // namespace bulkhead::vault
