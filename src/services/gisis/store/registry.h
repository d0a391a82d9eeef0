// The records of all modules, in one SQLite file. Each module has its tables, made from its
// definition: record_<module> (a column f_<field> for each field; '' stands for no value, so that
// every comparison has an answer), search_<module> (full text), and those that all modules share:
// imports with their reports, the rows they refused, and what records said before they were
// replaced. Nothing is ever deleted. Thread-safe: one import at a time, any number of readers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "database/database.h"
#include "services/gisis/domain/csv.h"
#include "services/gisis/domain/list_request.h"
#include "services/gisis/domain/module_definition.h"
#include "services/gisis/domain/record.h"

namespace bulkhead::services::gisis {

struct ListPage {
  std::vector<Record> records;
  std::uint64_t total = 0;  // of all pages
  bool has_previous = false;
  bool has_next = false;
};

struct FacetValue {
  std::string value;
  std::uint64_t count = 0;
};
struct Facet {
  std::size_t field = 0;
  std::vector<FacetValue> values;  // most frequent first, at most kFacetValuesMax
};
inline constexpr std::size_t kFacetValuesMax = 60;

struct ImportSummary {
  std::int64_t id = 0;
  std::string module;
  std::string source;  // the file's name
  std::string started_at;
  std::string failure;  // why the file as a whole was not taken; empty: it was
  std::vector<std::string> unused_columns;
  std::uint64_t rows = 0;
  std::uint64_t added = 0;
  std::uint64_t replaced = 0;
  std::uint64_t unchanged = 0;
  std::uint64_t flagged = 0;
  std::uint64_t refused = 0;
};

// One value of an import that was refused or flagged.
struct ImportFinding {
  std::uint64_t row = 0;
  std::uint64_t line = 0;
  bool refused = false;
  Remark remark;
};

struct RefusedRow {
  std::uint64_t row = 0;
  std::vector<std::string> cells;
  std::string reasons;  // names of Reason, separated by blanks
};

class Registry {
 public:
  static Result<std::unique_ptr<Registry>> open(const Path& file,
                                                std::vector<ModuleDefinition> modules,
                                                Clock& clock);

  const std::vector<ModuleDefinition>& modules() const { return modules_; }
  // Kind not_found.
  Result<const ModuleDefinition*> module(std::string_view name) const;

  // Grows with every import that changed something: what is cached or tagged with it stays right.
  std::uint64_t version(const ModuleDefinition& module) const;
  Result<std::uint64_t> count(const ModuleDefinition& module);
  Result<bool> has_samples(const ModuleDefinition& module);

  Result<ListPage> list(const ModuleDefinition& module, const ListRequest& request);
  // Every record of the list from `request.after` on, in its order, in short reads: a slow reader
  // of a long export holds nothing up. Stops where `each` answers an error, and answers it.
  Result<void> for_each(const ModuleDefinition& module, const ListRequest& request,
                        const std::function<Result<void>(const Record&)>& each);
  Result<Record> find(const ModuleDefinition& module, std::string_view key);
  // Of the filterable fields with few values; each counted with all filters but its own.
  Result<std::vector<Facet>> facets(const ModuleDefinition& module, const ListRequest& request);

  // The whole file or, where it cannot be read to its end, none of it. Answers the report either
  // way; an Error only where the database fails.
  Result<ImportSummary> import(const ModuleDefinition& module, std::string_view source_name,
                               CsvReader::Source source);
  // Once for each content of the file at `path`: nullopt where it was imported before.
  Result<std::optional<ImportSummary>> import_once(const ModuleDefinition& module,
                                                   const Path& path);
  Result<std::vector<ImportSummary>> imports();  // newest first
  Result<ImportSummary> find_import(std::int64_t id);
  Result<std::vector<ImportFinding>> findings(const ImportSummary& summary, std::size_t limit);
  Result<std::vector<std::string>> header_of(const ImportSummary& summary);
  Result<void> for_each_refused_row(const ImportSummary& summary,
                                    const std::function<Result<void>(const RefusedRow&)>& each);

  Result<void> copy_to(const Path& file) { return database_->copy_to(file); }
  Result<void> check_integrity();

 private:
  Registry(std::unique_ptr<database::Database> database, std::vector<ModuleDefinition> modules,
           Clock& clock)
      : database_(std::move(database)), modules_(std::move(modules)), clock_(clock) {}
  Result<void> load_versions();
  Result<ImportSummary> import_file(const ModuleDefinition& module, std::string_view source_name,
                                    std::string_view fingerprint, CsvReader::Source source);

  struct Cached {
    std::map<std::string, std::uint64_t> totals;
    std::map<std::string, std::vector<Facet>> facets;
  };

  std::unique_ptr<database::Database> database_;
  std::vector<ModuleDefinition> modules_;
  Clock& clock_;
  Guarded<std::map<std::string, std::uint64_t, std::less<>>> versions_;
  Guarded<Cached> cached_;
};

}  // namespace bulkhead::services::gisis
