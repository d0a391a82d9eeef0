#include "cli/repo/stored_files.h"

#include <fmt/format.h>

namespace bulkhead::cli::repo {

Result<std::string> find_stored_file(storage::Backend& backend, storage::FileType type,
                                     const std::string& beginning) {
  std::string found;
  for (const storage::FileInfo& file : TRY(backend.list(type))) {
    if (beginning.empty() || !file.name.starts_with(beginning)) continue;
    if (!found.empty()) {
      return fail(ErrorKind::invalid,
                  fmt::format("several files of {} begin with {}; give more of the id",
                              folder_of(type), beginning));
    }
    found = file.name;
  }
  if (!found.empty()) return found;
  return fail(ErrorKind::not_found,
              fmt::format("{} has no file \"{}\"", folder_of(type), beginning));
}

}  // namespace bulkhead::cli::repo
