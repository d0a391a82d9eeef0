// What a snapshot holds, as lines and as JSON.
#pragma once

#include <string>

#include "json/value.h"
#include "repository/tree.h"

namespace bulkhead::cli::repo {

// As restic's ls --json, without struct_type. Names that are not UTF-8 have U+FFFD there, and
// their bytes in "raw_path", base64. `path` starts with '/'.
json::Object to_json(const repository::Node& node, const std::string& path);
// The path alone, or as ls -l shows it.
std::string describe(const repository::Node& node, const std::string& path, bool detailed,
                     bool human_readable = false);

}  // namespace bulkhead::cli::repo
