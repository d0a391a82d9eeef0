// SQL made from definitions and lists. Names come from definitions only, which admit nothing but
// a-z, digits and '_'; every value is bound.
#pragma once

#include <string>
#include <vector>

#include "database/database.h"
#include "services/gisis/domain/list_request.h"
#include "services/gisis/domain/record.h"

namespace bulkhead::services::gisis::internal {

std::string record_table(const ModuleDefinition& module);
std::string search_table(const ModuleDefinition& module);

// Columns of one field: a position has two, which end in _latitude and _longitude.
std::vector<std::string> columns_of(const FieldDefinition& field);
// "id, key, remarks, f_name, …": what record_of reads.
std::string record_columns(const ModuleDefinition& module);
Record record_of(const ModuleDefinition& module, const database::Row& row);
// The values of record_columns but the id, in its order.
std::vector<database::Value> bind_record(const ModuleDefinition& module, const Record& record);

std::string write_remarks(const ModuleDefinition& module, const std::vector<Remark>& remarks);
std::vector<Remark> read_remarks(const ModuleDefinition& module, std::string_view json);

struct Where {
  std::string sql;  // "" or " WHERE …"
  std::vector<database::Value> values;
  void add(std::string condition, std::vector<database::Value> more = {});
};
// The list's search and filters, without the one of `except`.
Where where_of(const ModuleDefinition& module, const ListRequest& request,
               const FieldDefinition* except = nullptr);
// What a visitor typed, as an FTS5 query: each word must be there, the last may go on.
std::string match_query(std::string_view text);

}  // namespace bulkhead::services::gisis::internal
