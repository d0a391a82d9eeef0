#include "vault/worker_shares.h"

namespace bulkhead::vault {
namespace {

// Of fewer nothing can be set aside.
constexpr std::size_t kWorkersMin = 8;

}  // namespace

std::optional<WorkerShares::Share> WorkerShares::take(const std::string& repository) {
  return state_.with([&](State& state) -> std::optional<Share> {
    const auto own = state.of.find(repository);
    const std::size_t count = own == state.of.end() ? 0 : own->second;
    if (workers_ >= kWorkersMin && state.all + 1 > workers_ - workers_ / 8 &&
        count + 1 > workers_ / 2) {
      return std::nullopt;
    }
    ++state.all;
    ++state.of[repository];
    return Share(*this, repository);
  });
}

void WorkerShares::give_back(const std::string& repository) {
  state_.with([&](State& state) {
    --state.all;
    const auto own = state.of.find(repository);
    if (--own->second == 0) state.of.erase(own);
  });
}

}  // namespace bulkhead::vault
