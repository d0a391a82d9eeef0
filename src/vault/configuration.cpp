#include "vault/configuration.h"

#include "config/document.h"
#include "vault/request_path.h"

namespace bulkhead::vault {
namespace {

Result<Path> path_of(const config::Table& table, std::string_view key, const Path& folder) {
  const std::string text = TRY(table.string(key));
  if (text.empty()) return std::unexpected(table.error_at(key, "is empty; name a file or folder"));
  return (folder / text).lexically_normal();
}

// Over what held before; the keys are the same for the vault and for one repository.
Result<void> read_limits(const config::Table& table, Limits& limits) {
  limits.file_size_max = TRY(table.size("file_size", limits.file_size_max));
  limits.repository_size_max = TRY(table.size("repository_size", limits.repository_size_max));
  const config::Range any{.least = 0, .most = INT64_MAX};
  limits.repository_objects_max = static_cast<std::uint64_t>(TRY(table.integer(
      "repository_objects", any, static_cast<std::int64_t>(limits.repository_objects_max))));
  const config::Range keys{.least = 1, .most = 20};
  limits.keys_max = static_cast<std::size_t>(
      TRY(table.integer("keys", keys, static_cast<std::int64_t>(limits.keys_max))));
  limits.rates.requests = static_cast<std::uint64_t>(TRY(
      table.integer("requests_per_second", any, static_cast<std::int64_t>(limits.rates.requests))));
  limits.rates.bytes = TRY(table.size("bytes_per_second", limits.rates.bytes));
  return {};
}

Result<KeyPolicy> read_key_policy(const config::Table& table, KeyPolicy otherwise) {
  if (!table.has("keys")) return otherwise;
  const std::string keys = TRY(table.one_of("keys", {"frozen-after-first-snapshot", "open"}));
  return keys == "open" ? KeyPolicy::open : KeyPolicy::frozen_after_first_snapshot;
}

Result<void> read_churn(const config::Table& table, ChurnLimits& churn) {
  churn.size_min = TRY(table.size("size", churn.size_min));
  churn.factor = TRY(table.number("factor", churn.factor));
  churn.share = TRY(table.number("share", churn.share));
  return {};
}

// What may stand for the whole vault and for one repository alike.
Result<void> read_policy(const config::Table& table, RepositoryPolicy& policy) {
  policy.keys = TRY(read_key_policy(table, policy.keys));
  if (table.has("retention")) policy.retention = TRY(table.duration("retention"));
  if (const auto limits = TRY(table.optional_table("limits"))) {
    TRY(read_limits(*limits, policy.limits));
  }
  if (const auto churn = TRY(table.optional_table("churn"))) TRY(read_churn(*churn, policy.churn));
  return {};
}

// What the vault keeps where it forgets by itself.
Result<void> read_keep(const config::Table& table, RepositoryPolicy& policy) {
  const auto keep = TRY(table.optional_table("keep"));
  if (!keep) return {};
  if (policy.read_key.empty() || !policy.retention) {
    return std::unexpected(table.error_at(
        "keep", "needs read_key and retention: without them the vault deletes nothing by itself"));
  }
  const config::Range counts{.least = 0, .most = 1'000'000};
  for (const auto& [name, count] :
       {std::pair{"last", &policy.keep.last}, std::pair{"hourly", &policy.keep.hourly},
        std::pair{"daily", &policy.keep.daily}, std::pair{"weekly", &policy.keep.weekly},
        std::pair{"monthly", &policy.keep.monthly}, std::pair{"yearly", &policy.keep.yearly}}) {
    *count = TRY(keep->integer(name, counts, 0));
  }
  const std::string within = TRY(keep->string("within", ""));
  if (!within.empty()) {
    policy.keep.within = TRY_CONTEXT(repository::parse_calendar_span(within), "keep.within");
  }
  if (!policy.keep.empty()) return {};
  return std::unexpected(
      table.error_at("keep", "says nothing of what to keep, such as daily = 30"));
}

Result<void> read_repositories(const config::Table& root, const Path& folder,
                               Configuration& configuration) {
  for (const config::Table& table : TRY(root.tables("repository"))) {
    const std::string name = TRY(table.string("name"));
    if (!is_repository_name(name)) {
      return std::unexpected(table.error_at("name", "is not a name of a repository"));
    }
    RepositoryPolicy policy = configuration.policy;
    TRY(read_policy(table, policy));
    if (table.has("read_key")) policy.read_key = TRY(path_of(table, "read_key", folder));
    TRY(read_keep(table, policy));
    if (!configuration.repositories.emplace(name, policy).second) {
      return std::unexpected(table.error_at("name", "is described twice"));
    }
  }
  return {};
}

Result<void> read_object_store(const config::Table& root, const Path& folder, ObjectStore& store) {
  const auto table = TRY(root.optional_table("object_store"));
  if (!table) return {};
  store.bucket = TRY(table->string("bucket"));
  if (store.bucket.empty()) return std::unexpected(table->error_at("bucket", "is empty"));
  store.access = TRY(path_of(*table, "access", folder));
  if (table->has("authority")) store.authority = TRY(path_of(*table, "authority", folder));
  store.region = TRY(table->string("region", ""));
  store.retention = TRY(table->duration("retention"));
  if (store.retention < std::chrono::seconds(1)) {
    return std::unexpected(table->error_at("retention", "must be a second at least"));
  }
  return {};
}

Result<void> read_client_certificates(const config::Table& root, const Path& folder,
                                      Configuration& configuration) {
  const std::string wanted =
      TRY(root.one_of("client_certificates", {"none", "accepted", "required"}, "none"));
  if (wanted == "none") return {};
  configuration.client_certificates =
      wanted == "required" ? ClientCertificates::required : ClientCertificates::accepted;
  configuration.client_authority = TRY(path_of(root, "client_authority", folder));
  return {};
}

Result<void> read_oversight(const config::Table& root, const Path& folder,
                            Configuration& configuration) {
  if (root.has("officers")) configuration.officers = TRY(path_of(root, "officers", folder));
  if (root.has("witness")) configuration.witness = TRY(path_of(root, "witness", folder));
  configuration.destruction_delay =
      TRY(root.duration("destruction_delay", configuration.destruction_delay));
  configuration.webhook = TRY(root.string("webhook", ""));
  configuration.scrub_period = TRY(root.duration("scrub_period", configuration.scrub_period));
  return {};
}

}  // namespace

const RepositoryPolicy& Configuration::policy_of(std::string_view repository) const {
  const auto own = repositories.find(repository);
  return own != repositories.end() ? own->second : policy;
}

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
  configuration.credentials.file = TRY(path_of(root, "credentials", folder));
  if (root.has("metrics_socket")) {
    configuration.metrics_socket = TRY(path_of(root, "metrics_socket", folder));
  }
  configuration.threads =
      static_cast<std::size_t>(TRY(root.integer("threads", {.least = 1, .most = 1024}, 96)));
  configuration.size_max = TRY(root.size("size", 0));
  TRY(read_client_certificates(root, folder, configuration));
  TRY(read_object_store(root, folder, configuration.object_store));
  TRY(read_oversight(root, folder, configuration));
  if (const auto limits = TRY(root.optional_table("limits"))) {
    std::uint64_t& least = configuration.policy.limits.free_space_min;
    least = TRY(limits->size("free_space", least));
  }
  TRY(read_policy(root, configuration.policy));
  TRY(read_repositories(root, folder, configuration));
  TRY(document.refuse_unknown_keys());
  return configuration;
}

}  // namespace bulkhead::vault
