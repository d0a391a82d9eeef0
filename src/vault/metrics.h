// What went in and out, by user, repository and type of file, in Prometheus' text form: under the
// names that rest-server gives them, and what it does not count under ours.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/guarded.h"
#include "storage/backend.h"

namespace bulkhead::vault {

enum class Transfer { received, sent, removed };

struct TransferKey {
  std::string user;
  std::string repository;
  storage::FileType type;
  auto operator<=>(const TransferKey&) const = default;
};

// As a label's value in that form: names of users in an htpasswd file may hold anything.
std::string escape_label(std::string_view value);

// Thread-safe.
class Metrics {
 public:
  void count(Transfer transfer, const TransferKey& key, std::uint64_t bytes);
  void count_refusal(int status);
  std::string write() const;

 private:
  struct Sum {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
  };
  using Sums = std::map<TransferKey, Sum>;
  struct State {
    std::map<Transfer, Sums> transfers;
    std::map<int, std::uint64_t> refusals;
  };
  Guarded<State> state_;
};

}  // namespace bulkhead::vault
