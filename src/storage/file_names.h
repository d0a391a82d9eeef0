// Names of a repository's files, for those who implement a backend.
#pragma once

#include "storage/backend.h"

namespace bulkhead::storage {

inline constexpr std::size_t kFileNameLength = 64;

// 64 lower-case hexadecimal digits.
bool is_file_name(std::string_view name);
// Kind invalid where the name does not fit the type.
Result<void> require_file_name(const FileId& id);
// "config", "snapshots/3f2a…": for messages.
std::string describe(const FileId& id);

}  // namespace bulkhead::storage
