#include "services/gisis/store/registry.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/gisis/store/internal/schema.h"
#include "services/gisis/store/internal/sql.h"

namespace bulkhead::services::gisis {
namespace {

using database::Connection;
using database::Row;
using internal::Where;

// A cache that is full is emptied: lists that people really look at are soon in it again.
constexpr std::size_t kCacheEntriesMax = 512;
constexpr std::size_t kExportReadSize = 500;

std::string cache_key(const ModuleDefinition& module, std::uint64_t version, const Where& where,
                      std::string_view what) {
  std::string key = fmt::format("{}\x1f{}\x1f{}\x1f{}", module.name, version, what, where.sql);
  for (const database::Value& value : where.values) {
    key += '\x1f';
    if (const auto* text = std::get_if<std::string>(&value)) key += *text;
    if (const auto* number = std::get_if<std::int64_t>(&value)) key += std::to_string(*number);
  }
  return key;
}

// Adds the condition that a record stands behind (or before) the one with `key` in the list's
// order, which is by the sort field and then by id.
Result<void> add_keyset(Connection& connection, const ModuleDefinition& module,
                        const ListRequest& request, const std::string& key, bool behind,
                        Where& where) {
  const std::string sort = "f_" + module.fields[request.sort_field].name;
  const std::string row =
      fmt::format("(SELECT {}, id FROM {} WHERE key = ?)", sort, internal::record_table(module));
  bool exists = false;
  TRY(connection.query(
      fmt::format("SELECT 1 FROM {} WHERE key = ?", internal::record_table(module)), {key},
      [&](const Row&) { return exists = true; }));
  if (!exists) return fail(ErrorKind::invalid, "there is no record \"" + key + "\" to go on from");
  const bool greater = behind != request.descending;
  where.add(fmt::format("({}, id) {} {}", sort, greater ? ">" : "<", row), {key});
  return {};
}

// Up to `limit` records from `request.after` on, or before `request.before` (then in the reverse
// of the list's order).
Result<std::vector<Record>> read_records(Connection& connection, const ModuleDefinition& module,
                                         const ListRequest& request, std::size_t limit) {
  Where where = internal::where_of(module, request);
  const bool backwards = !request.before.empty();
  if (backwards) {
    TRY(add_keyset(connection, module, request, request.before, false, where));
  } else if (!request.after.empty()) {
    TRY(add_keyset(connection, module, request, request.after, true, where));
  }
  const std::string_view direction = request.descending != backwards ? "DESC" : "ASC";
  const std::string sql =
      fmt::format("SELECT {} FROM {}{} ORDER BY f_{} {}, id {} LIMIT {}",
                  internal::record_columns(module), internal::record_table(module), where.sql,
                  module.fields[request.sort_field].name, direction, direction, limit);
  std::vector<Record> records;
  TRY(connection.query(sql, where.values, [&](const Row& row) {
    records.push_back(internal::record_of(module, row));
    return true;
  }));
  return records;
}

Result<std::uint64_t> read_count(Connection& connection, const ModuleDefinition& module,
                                 const Where& where) {
  std::uint64_t count = 0;
  TRY(connection.query(
      fmt::format("SELECT COUNT(*) FROM {}{}", internal::record_table(module), where.sql),
      where.values, [&](const Row& row) {
        count = static_cast<std::uint64_t>(row.integer(0));
        return true;
      }));
  return count;
}

bool has_facet(const FieldDefinition& field) {
  return field.filterable && (field.type == FieldType::choice || field.type == FieldType::country ||
                              field.type == FieldType::boolean);
}

Result<Facet> read_facet(Connection& connection, const ModuleDefinition& module,
                         const ListRequest& request, std::size_t index) {
  const FieldDefinition& field = module.fields[index];
  Where where = internal::where_of(module, request, &field);
  where.add(fmt::format("f_{} <> ''", field.name));
  Facet facet{.field = index, .values = {}};
  TRY(connection.query(
      fmt::format("SELECT f_{0}, COUNT(*) FROM {1}{2} GROUP BY f_{0} ORDER BY 2 DESC, 1 LIMIT {3}",
                  field.name, internal::record_table(module), where.sql, kFacetValuesMax),
      where.values, [&](const Row& row) {
        facet.values.push_back(
            {std::string(row.text(0)), static_cast<std::uint64_t>(row.integer(1))});
        return true;
      }));
  return facet;
}

}  // namespace

Result<std::unique_ptr<Registry>> Registry::open(const Path& file,
                                                 std::vector<ModuleDefinition> modules,
                                                 Clock& clock) {
  auto database = TRY(database::Database::open(file, internal::shared_migrations()));
  TRY(database->write([&](Connection& connection) -> Result<void> {
    for (const ModuleDefinition& module : modules) {
      TRY_CONTEXT(internal::prepare_module(connection, module), "module " + module.name);
    }
    return {};
  }));
  std::unique_ptr<Registry> registry(new Registry(std::move(database), std::move(modules), clock));
  TRY(registry->load_versions());
  return registry;
}

Result<void> Registry::load_versions() {
  std::map<std::string, std::uint64_t, std::less<>> loaded;
  TRY(database_->read([&](Connection& connection) {
    return connection.query("SELECT module, version FROM module_version", {}, [&](const Row& row) {
      loaded.emplace(row.text(0), static_cast<std::uint64_t>(row.integer(1)));
      return true;
    });
  }));
  versions_.with([&](auto& versions) { versions = std::move(loaded); });
  return {};
}

Result<const ModuleDefinition*> Registry::module(std::string_view name) const {
  for (const ModuleDefinition& module : modules_) {
    if (module.name == name) return &module;
  }
  return fail(ErrorKind::not_found, "there is no module \"" + std::string(name) + "\"");
}

std::uint64_t Registry::version(const ModuleDefinition& module) const {
  return versions_.with([&](const auto& versions) {
    const auto found = versions.find(module.name);
    return found == versions.end() ? 0 : found->second;
  });
}

Result<std::uint64_t> Registry::count(const ModuleDefinition& module) {
  return TRY(list(module, ListRequest{.sort_field = module.sort_field, .limit = 1})).total;
}

Result<bool> Registry::has_samples(const ModuleDefinition& module) {
  if (!module.sample_field) return false;
  ListRequest request{.sort_field = module.sort_field, .limit = 1};
  request.filters.push_back({.field = *module.sample_field, .values = {"1"}, .from = {}, .to = {}});
  return TRY(list(module, request)).total > 0;
}

Result<ListPage> Registry::list(const ModuleDefinition& module, const ListRequest& request) {
  const std::size_t size = request.limit.value_or(kPageSize);
  const bool backwards = !request.before.empty();
  const Where where = internal::where_of(module, request);
  const std::string cached_total = cache_key(module, version(module), where, "total");
  ListPage page;
  TRY(database_->read([&](Connection& connection) -> Result<void> {
    page.records = TRY(read_records(connection, module, request, size + 1));
    const auto known = cached_.with([&](const Cached& cached) -> std::optional<std::uint64_t> {
      const auto found = cached.totals.find(cached_total);
      if (found == cached.totals.end()) return std::nullopt;
      return found->second;
    });
    page.total = known ? *known : TRY(read_count(connection, module, where));
    return {};
  }));
  cached_.with([&](Cached& cached) {
    if (cached.totals.size() >= kCacheEntriesMax) cached.totals.clear();
    cached.totals.emplace(cached_total, page.total);
  });
  const bool more = page.records.size() > size;
  if (more) page.records.pop_back();
  if (backwards) std::reverse(page.records.begin(), page.records.end());
  page.has_next = backwards || more;
  page.has_previous = backwards ? more : !request.after.empty();
  return page;
}

Result<void> Registry::for_each(const ModuleDefinition& module, const ListRequest& request,
                                const std::function<Result<void>(const Record&)>& each) {
  ListRequest piece = request;
  piece.before.clear();
  while (true) {
    std::vector<Record> records;
    TRY(database_->read([&](Connection& connection) -> Result<void> {
      records = TRY(read_records(connection, module, piece, kExportReadSize));
      return {};
    }));
    for (const Record& record : records) TRY(each(record));
    if (records.size() < kExportReadSize) return {};
    piece.after = records.back().key;
  }
}

Result<Record> Registry::find(const ModuleDefinition& module, std::string_view key) {
  std::optional<Record> record;
  TRY(database_->read([&](Connection& connection) {
    return connection.query(
        fmt::format("SELECT {} FROM {} WHERE key = ?", internal::record_columns(module),
                    internal::record_table(module)),
        {std::string(key)}, [&](const Row& row) {
          record = internal::record_of(module, row);
          return true;
        });
  }));
  if (!record) {
    return fail(ErrorKind::not_found,
                fmt::format("module {} has no record \"{}\"", module.name, key));
  }
  return *std::move(record);
}

Result<std::vector<Facet>> Registry::facets(const ModuleDefinition& module,
                                            const ListRequest& request) {
  const Where where = internal::where_of(module, request);
  const std::string cached_facets = cache_key(module, version(module), where, "facets");
  const auto known = cached_.with([&](const Cached& cached) -> std::optional<std::vector<Facet>> {
    const auto found = cached.facets.find(cached_facets);
    if (found == cached.facets.end()) return std::nullopt;
    return found->second;
  });
  if (known) return *known;
  std::vector<Facet> facets;
  TRY(database_->read([&](Connection& connection) -> Result<void> {
    for (std::size_t i = 0; i < module.fields.size(); ++i) {
      if (!has_facet(module.fields[i])) continue;
      facets.push_back(TRY(read_facet(connection, module, request, i)));
    }
    return {};
  }));
  cached_.with([&](Cached& cached) {
    if (cached.facets.size() >= kCacheEntriesMax) cached.facets.clear();
    cached.facets.emplace(cached_facets, facets);
  });
  return facets;
}

Result<void> Registry::check_integrity() {
  TRY(database_->check_integrity());
  return database_->read([&](Connection& connection) -> Result<void> {
    for (const ModuleDefinition& module : modules_) {
      const std::uint64_t records = TRY(read_count(connection, module, {}));
      std::uint64_t searchable = 0;
      TRY(connection.query("SELECT COUNT(*) FROM " + internal::search_table(module), {},
                           [&](const Row& row) {
                             searchable = static_cast<std::uint64_t>(row.integer(0));
                             return true;
                           }));
      if (records != searchable) {
        return fail(ErrorKind::corrupt, fmt::format("module {}: {} records, {} in the search index",
                                                    module.name, records, searchable));
      }
    }
    return {};
  });
}

}  // namespace bulkhead::services::gisis
