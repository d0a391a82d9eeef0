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

// Names of users in an htpasswd file may hold anything.
std::string escaped(std::string_view value) {
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

void add(std::string& text, std::string_view name, const RepositoryGauges& of,
         std::uint64_t value) {
  fmt::format_to(std::back_inserter(text), "{}{{repository=\"{}\"}} {}\n", name,
                 escaped(of.repository), value);
}

std::string write_gauges(const std::vector<RepositoryGauges>& gauges) {
  constexpr std::string_view kBytes = "bulkhead_vault_repository_bytes";
  constexpr std::string_view kObjects = "bulkhead_vault_repository_objects";
  std::string bytes = fmt::format("# TYPE {} gauge\n", kBytes);
  std::string objects = fmt::format("# TYPE {} gauge\n", kObjects);
  for (const RepositoryGauges& of : gauges) {
    add(bytes, kBytes, of, of.usage.bytes);
    add(objects, kObjects, of, of.usage.objects);
  }
  return bytes + objects;
}

}  // namespace

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

std::string Metrics::write(const std::vector<RepositoryGauges>& gauges) const {
  std::string text = state_.with([](const State& state) {
    std::string out;
    for (const auto& [transfer, sums] : state.transfers) {
      const std::string name = fmt::format("rest_server_blob_{}", name_of(transfer));
      std::string files = fmt::format("# TYPE {}_total counter\n", name);
      std::string bytes = fmt::format("# TYPE {}_bytes_total counter\n", name);
      for (const auto& [key, sum] : sums) {
        const std::string labels =
            fmt::format("{{repo=\"{}\",type=\"{}\",user=\"{}\"}}", escaped(key.repository),
                        storage::folder_of(key.type), escaped(key.user));
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
  return text + write_gauges(gauges);
}

}  // namespace bulkhead::vault
