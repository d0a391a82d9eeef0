// The tables of the registry: the shared ones by migrations, each module's from its definition. A
// definition may gain fields; their columns are added. A field that it loses keeps its column.
#pragma once

#include <vector>

#include "database/database.h"
#include "services/gisis/domain/module_definition.h"

namespace bulkhead::services::gisis::internal {

std::vector<database::Migration> shared_migrations();
Result<void> prepare_module(database::Connection& connection, const ModuleDefinition& module);

}  // namespace bulkhead::services::gisis::internal
