// Snapshots as tables and as JSON.
#pragma once

#include <string>
#include <vector>

#include "json/value.h"
#include "repository/snapshot.h"

namespace bulkhead::cli::repo {

// Its stored text, with "id" and "short_id".
Result<json::Object> to_json(const repository::Snapshot& snapshot);
// "a,b", each name fit for a terminal.
std::string joined(const std::vector<std::string>& texts);
std::string snapshot_table(const std::vector<repository::Snapshot>& snapshots, bool compact);

}  // namespace bulkhead::cli::repo
