#include "vault/configuration.h"

#include "config/document.h"

namespace bulkhead::vault {
namespace {

Result<Path> path_of(const config::Table& table, std::string_view key, const Path& folder) {
  const std::string text = TRY(table.string(key));
  if (text.empty()) return std::unexpected(table.error_at(key, "is empty; name a file or folder"));
  return (folder / text).lexically_normal();
}

Result<Limits> read_limits(const config::Table& table) {
  Limits limits;
  limits.file_size_max = TRY(table.size("file_size", limits.file_size_max));
  limits.repository_size_max = TRY(table.size("repository_size", limits.repository_size_max));
  limits.free_space_min = TRY(table.size("free_space", limits.free_space_min));
  const config::Range keys{.least = 1, .most = 20};
  limits.keys_max = static_cast<std::size_t>(
      TRY(table.integer("keys", keys, static_cast<std::int64_t>(limits.keys_max))));
  return limits;
}

}  // namespace

Result<Configuration> read_configuration(const Path& file) {
  const config::Document document = TRY(config::Document::read(file));
  const config::Table root = document.root();
  const Path folder = file.parent_path();
  Configuration configuration;
  configuration.address = TRY(root.string("address"));
  configuration.port =
      static_cast<std::uint16_t>(TRY(root.integer("port", {.least = 0, .most = 65535})));
  configuration.data = TRY(path_of(root, "data", folder));
  configuration.certificate = TRY(path_of(root, "certificate", folder));
  configuration.key = TRY(path_of(root, "key", folder));
  configuration.credentials = TRY(path_of(root, "credentials", folder));
  if (root.has("metrics_socket")) {
    configuration.metrics_socket = TRY(path_of(root, "metrics_socket", folder));
  }
  configuration.threads =
      static_cast<std::size_t>(TRY(root.integer("threads", {.least = 1, .most = 1024}, 32)));
  const std::string keys = TRY(
      root.one_of("keys", {"frozen-after-first-snapshot", "open"}, "frozen-after-first-snapshot"));
  configuration.keys = keys == "open" ? KeyPolicy::open : KeyPolicy::frozen_after_first_snapshot;
  const auto limits = TRY(root.optional_table("limits"));
  if (limits) configuration.limits = TRY(read_limits(*limits));
  TRY(document.refuse_unknown_keys());
  return configuration;
}

}  // namespace bulkhead::vault
