// What went in and out, by repository and type of file, in Prometheus' text form.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/guarded.h"
#include "storage/backend.h"

namespace bulkhead::vault {

enum class Transfer { received, sent, removed };

// Thread-safe.
class Metrics {
 public:
  void count(Transfer transfer, const std::string& repository, storage::FileType type,
             std::uint64_t bytes);
  void count_refusal(int status);
  std::string write() const;

 private:
  struct Key {
    Transfer transfer;
    std::string repository;
    storage::FileType type;
    auto operator<=>(const Key&) const = default;
  };
  struct Sum {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
  };
  struct State {
    std::map<Key, Sum> transfers;
    std::map<int, std::uint64_t> refusals;
  };
  Guarded<State> state_;
};

}  // namespace bulkhead::vault
