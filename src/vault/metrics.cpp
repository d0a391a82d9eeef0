#include "vault/metrics.h"

#include <fmt/format.h>

namespace bulkhead::vault {
namespace {

// As rest-server's metrics are called.
std::string_view name_of(Transfer transfer) {
  switch (transfer) {
    case Transfer::received: return "write";
    case Transfer::sent: return "read";
    case Transfer::removed: return "delete";
  }
  return "";
}

}  // namespace

std::string escape_label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    out += c;
  }
  return out;
}

void Metrics::count(Transfer transfer, const TransferKey& key, std::uint64_t bytes) {
  state_.with([&](State& state) {
    Sum& sum = state.transfers[transfer][key];
    ++sum.files;
    sum.bytes += bytes;
  });
}

void Metrics::count_refusal(int status) {
  state_.with([&](State& state) { ++state.refusals[status]; });
}

std::string Metrics::write() const {
  return state_.with([](const State& state) {
    std::string out;
    for (const auto& [transfer, sums] : state.transfers) {
      const std::string name = fmt::format("rest_server_blob_{}", name_of(transfer));
      std::string files = fmt::format("# TYPE {}_total counter\n", name);
      std::string bytes = fmt::format("# TYPE {}_bytes_total counter\n", name);
      for (const auto& [key, sum] : sums) {
        const std::string labels =
            fmt::format("{{repo=\"{}\",type=\"{}\",user=\"{}\"}}", escape_label(key.repository),
                        storage::folder_of(key.type), escape_label(key.user));
        fmt::format_to(std::back_inserter(files), "{}_total{} {}\n", name, labels, sum.files);
        fmt::format_to(std::back_inserter(bytes), "{}_bytes_total{} {}\n", name, labels, sum.bytes);
      }
      out += files + bytes;
    }
    out += "# TYPE bulkhead_vault_refusals_total counter\n";
    for (const auto& [status, count] : state.refusals) {
      fmt::format_to(std::back_inserter(out), "bulkhead_vault_refusals_total{{status=\"{}\"}} {}\n",
                     status, count);
    }
    return out;
  });
}

}  // namespace bulkhead::vault
