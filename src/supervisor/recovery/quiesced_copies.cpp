#include "supervisor/recovery/quiesced_copies.h"

#include <cerrno>
#include <vector>

namespace bulkhead::supervisor {
namespace {

constexpr std::string_view kQuiescedFolder = ".quiesced";

Result<std::filesystem::file_type> type_of(const Path& path) {
  std::error_code error;
  const auto type = std::filesystem::symlink_status(path, error).type();
  if (type == std::filesystem::file_type::not_found) return type;
  if (error) return fail_errno(error.value(), "looking at " + path.string());
  return type;
}

// Each folder from the generation down to `target` is a real one, or is not there yet.
Result<void> expect_real_parents(const Path& generation, const Path& target) {
  Path folder = generation;
  for (const Path& part : target.parent_path()) {
    folder /= part;
    const auto type = TRY(type_of(folder));
    if (type == std::filesystem::file_type::not_found) return {};
    if (type != std::filesystem::file_type::directory) {
      return fail(ErrorKind::corrupt, folder.string() + " is not a real folder");
    }
  }
  return {};
}

// The paths of the copies, relative to the folder that they lie in.
Result<std::vector<Path>> find_copies(const Path& generation, const Path& folder) {
  std::vector<Path> copies;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::recursive_directory_iterator();
       entry.increment(error)) {
    const auto type = TRY(type_of(entry->path()));
    if (type == std::filesystem::file_type::directory) continue;
    if (type != std::filesystem::file_type::regular) {
      return fail(ErrorKind::corrupt, entry->path().string() + " is not a regular file");
    }
    copies.push_back(entry->path().lexically_relative(folder));
    TRY(expect_real_parents(generation, copies.back()));
  }
  if (error) return fail_errno(error.value(), "reading " + folder.string());
  return copies;
}

Result<void> settle(const Path& copy, const Path& target) {
  TRY(make_directories(target.parent_path()));
  for (const char* ending : {"-wal", "-shm", "-journal"}) {
    Path companion = target;
    companion += ending;
    std::error_code error;
    std::filesystem::remove(companion, error);
    if (error) return fail_errno(error.value(), "removing " + companion.string());
  }
  if (rename(copy.c_str(), target.c_str()) != 0) {
    return fail_errno(errno, "putting the copy of " + target.string() + " in its place");
  }
  return sync_directory(target.parent_path());
}

}  // namespace

Result<std::size_t> settle_quiesced_copies(const Path& generation) {
  const Path folder = generation / kQuiescedFolder;
  const auto type = TRY(type_of(folder));
  if (type == std::filesystem::file_type::not_found) return std::size_t{0};
  if (type != std::filesystem::file_type::directory) {
    return fail(ErrorKind::corrupt, folder.string() + " is not a real folder");
  }
  const std::vector<Path> copies = TRY(find_copies(generation, folder));
  for (const Path& copy : copies) TRY(settle(folder / copy, generation / copy));
  return copies.size();
}

}  // namespace bulkhead::supervisor
