#include "vault/metrics.h"

#include <fmt/format.h>

namespace bulkhead::vault {
namespace {

std::string_view name_of(Transfer transfer) {
  switch (transfer) {
    case Transfer::received: return "received";
    case Transfer::sent: return "sent";
    case Transfer::removed: return "removed";
  }
  return "";
}

}  // namespace

void Metrics::count(Transfer transfer, const std::string& repository, storage::FileType type,
                    std::uint64_t bytes) {
  state_.with([&](State& state) {
    Sum& sum = state.transfers[Key{transfer, repository, type}];
    ++sum.files;
    sum.bytes += bytes;
  });
}

void Metrics::count_refusal(int status) {
  state_.with([&](State& state) { ++state.refusals[status]; });
}

std::string Metrics::write() const {
  return state_.with([](const State& state) {
    std::string files = "# TYPE bulkhead_vault_files_total counter\n";
    std::string bytes = "# TYPE bulkhead_vault_bytes_total counter\n";
    for (const auto& [key, sum] : state.transfers) {
      const std::string labels =
          fmt::format("{{transfer=\"{}\",repository=\"{}\",type=\"{}\"}}", name_of(key.transfer),
                      key.repository, storage::folder_of(key.type));
      files += fmt::format("bulkhead_vault_files_total{} {}\n", labels, sum.files);
      bytes += fmt::format("bulkhead_vault_bytes_total{} {}\n", labels, sum.bytes);
    }
    std::string refusals = "# TYPE bulkhead_vault_refusals_total counter\n";
    for (const auto& [status, count] : state.refusals) {
      refusals += fmt::format("bulkhead_vault_refusals_total{{status=\"{}\"}} {}\n", status, count);
    }
    return files + bytes + refusals;
  });
}

}  // namespace bulkhead::vault
