#include "services/gisis/store/internal/schema.h"

#include <set>

#include <fmt/format.h>

#include "services/gisis/store/internal/sql.h"

namespace bulkhead::services::gisis::internal {

std::vector<database::Migration> shared_migrations() {
  return {{1, R"(
CREATE TABLE import (
  id INTEGER PRIMARY KEY,
  module TEXT NOT NULL,
  source TEXT NOT NULL,
  fingerprint TEXT NOT NULL,        -- of the content, where it was imported by itself
  started_at TEXT NOT NULL,
  failure TEXT NOT NULL,
  header TEXT NOT NULL,             -- JSON list
  unused_columns TEXT NOT NULL,     -- JSON list
  row_count INTEGER NOT NULL,
  added INTEGER NOT NULL,
  replaced INTEGER NOT NULL,
  unchanged INTEGER NOT NULL,
  flagged INTEGER NOT NULL,
  refused INTEGER NOT NULL
);
CREATE TABLE finding (
  import_id INTEGER NOT NULL REFERENCES import (id),
  row INTEGER NOT NULL,
  line INTEGER NOT NULL,
  is_refusal INTEGER NOT NULL,
  field TEXT NOT NULL,
  reason TEXT NOT NULL,
  given TEXT NOT NULL
);
CREATE INDEX finding_by_import ON finding (import_id);
CREATE TABLE refused_row (
  import_id INTEGER NOT NULL REFERENCES import (id),
  row INTEGER NOT NULL,
  cells TEXT NOT NULL,              -- JSON list
  reasons TEXT NOT NULL,
  PRIMARY KEY (import_id, row)
) WITHOUT ROWID;
CREATE TABLE earlier (
  module TEXT NOT NULL,
  key TEXT NOT NULL,
  replaced_by_import INTEGER NOT NULL REFERENCES import (id),
  source TEXT NOT NULL              -- the row that it was made of, as JSON
);
CREATE INDEX earlier_by_key ON earlier (module, key);
CREATE TABLE module_version (
  module TEXT PRIMARY KEY,
  version INTEGER NOT NULL
) WITHOUT ROWID;
)"}};
}

Result<void> prepare_module(database::Connection& connection, const ModuleDefinition& module) {
  const std::string table = record_table(module);
  TRY(connection.execute(fmt::format(
      "CREATE TABLE IF NOT EXISTS {} (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, "
      "remarks TEXT NOT NULL, source TEXT NOT NULL, import_id INTEGER NOT NULL "
      "REFERENCES import (id))",
      table)));
  std::set<std::string> present;
  TRY(connection.query(fmt::format("SELECT name FROM pragma_table_info('{}')", table), {},
                       [&](const database::Row& row) {
                         present.emplace(row.text(0));
                         return true;
                       }));
  for (const FieldDefinition& field : module.fields) {
    for (const std::string& column : columns_of(field)) {
      if (present.contains(column)) continue;
      TRY(connection.execute(
          fmt::format("ALTER TABLE {} ADD COLUMN {} NOT NULL DEFAULT ''", table, column)));
    }
    if (!field.filterable && !field.sortable) continue;
    TRY(connection.execute(fmt::format("CREATE INDEX IF NOT EXISTS {}_{} ON {} (f_{})", table,
                                       field.name, table, field.name)));
  }
  TRY(connection.execute(fmt::format(
      "CREATE INDEX IF NOT EXISTS {}_with_remarks ON {} (id) WHERE remarks <> ''", table, table)));
  TRY(connection.execute(
      fmt::format("CREATE VIRTUAL TABLE IF NOT EXISTS {} USING fts5 (words, prefix = '2 3', "
                  "tokenize = 'unicode61 remove_diacritics 2')",
                  search_table(module))));
  TRY(connection.execute("INSERT OR IGNORE INTO module_version (module, version) VALUES (?, 1)",
                         {module.name}));
  return {};
}

}  // namespace bulkhead::services::gisis::internal
