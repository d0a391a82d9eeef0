// One file on its way into one module, within one transaction of the registry's database.
#pragma once

#include <string>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "database/database.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis::internal {

// Owned by nobody else: made, filled by begin, read and finish in this order, and dropped. An error
// leaves the transaction to be undone.
class FileImport {
 public:
  FileImport(database::Connection& connection, const ModuleDefinition& module,
             ImportSummary& summary, WallTime now);

  Result<void> begin(std::string_view fingerprint);
  // Kinds invalid and limit mean that the file is not what it should be.
  Result<void> read(CsvReader& reader);
  Result<void> finish();

 private:
  Result<void> take(const CsvRow& row);
  Result<void> note(const CsvRow& row, const std::vector<Remark>& remarks, bool refused);
  Result<void> refuse(const CsvRow& row, const std::vector<Remark>& reasons);
  Result<void> store(const CsvRow& row, const Record& record);
  Result<void> keep_earlier(const std::string& table, std::int64_t id, const std::string& key);
  Result<void> make_searchable(std::optional<std::int64_t> earlier_id, const Record& record);
  std::string insert_sql(const std::string& table, std::size_t count) const;

  database::Connection& connection_;
  const ModuleDefinition& module_;
  ImportSummary& summary_;
  const std::int64_t now_ms_;
  ColumnMap columns_;
  std::unordered_set<std::string> keys_;  // of the records of this file
};

std::string write_list(const std::vector<std::string>& list);  // JSON

}  // namespace bulkhead::services::gisis::internal
