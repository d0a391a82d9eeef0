// The files of a repository by their kinds and the beginnings of their names, for cat and list.
#pragma once

#include "repository/repository.h"

namespace bulkhead::cli::repo {

// Kind not_found, or invalid where several begin so.
Result<std::string> find_stored_file(storage::Backend& backend, storage::FileType type,
                                     const std::string& beginning);

}  // namespace bulkhead::cli::repo
