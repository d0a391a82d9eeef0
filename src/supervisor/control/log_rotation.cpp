#include "supervisor/control/log_rotation.h"

#include <cerrno>
#include <chrono>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::chrono::minutes kInterval{1};

}  // namespace

Result<void> rotate_logs(const Path& folder, std::uint64_t size_max) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const Path& path = entry.path();
    const bool is_copy = path.stem().extension() == ".1";
    if (path.extension() != ".log" || is_copy || !entry.is_regular_file(error)) continue;
    if (entry.file_size(error) <= size_max || error) continue;
    const Path copy = path.parent_path() / fmt::format("{}.1.log", path.stem().native());
    std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing,
                               error);
    if (error) {
      return fail(ErrorKind::io, fmt::format("copying {}: {}", path.native(), error.message()));
    }
    if (::truncate(path.c_str(), 0) != 0) return fail_errno(errno, path.native());
  }
  if (error) return fail(ErrorKind::io, fmt::format("{}: {}", folder.native(), error.message()));
  return {};
}

LogRotation::LogRotation(Path folder)
    : task_("logs", kInterval, [folder = std::move(folder)] {
        const auto rotated = rotate_logs(folder, kLogSizeMax);
        if (!rotated) log::warning("rotating logs", {{"why", rotated.error().message()}});
      }) {}

}  // namespace bulkhead::supervisor
