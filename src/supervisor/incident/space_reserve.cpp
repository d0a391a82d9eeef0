#include "supervisor/incident/space_reserve.h"

#include <fcntl.h>
#include <fmt/format.h>

namespace bulkhead::supervisor {
namespace {

constexpr std::uint64_t kFreeFactor = 4;

}  // namespace

Result<void> SpaceReserve::take() {
  if (taken_) return {};
  std::error_code error;
  const std::uint64_t present = std::filesystem::file_size(file_, error);
  taken_ = !error && present >= kReservedBytes;
  if (taken_) return {};
  TRY(make_directories(file_.parent_path()));
  const auto space = std::filesystem::space(file_.parent_path(), error);
  if (error) return fail_errno(error.value(), file_.parent_path().native());
  if (space.available < kFreeFactor * kReservedBytes) {
    return fail(ErrorKind::limit,
                fmt::format("{} has {} MiB left; nothing is kept free there for an incident",
                            file_.parent_path().native(), space.available >> 20));
  }
  const FileDescriptor file = TRY(open_file(file_, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  const int failure = posix_fallocate(file.get(), 0, static_cast<off_t>(kReservedBytes));
  if (failure != 0) return fail_errno(failure, "keeping space free by " + file_.native());
  taken_ = true;
  return {};
}

void SpaceReserve::release() {
  std::error_code ignored;  // Where it cannot be removed, there is no more room than before.
  std::filesystem::remove(file_, ignored);
  taken_ = false;
}

}  // namespace bulkhead::supervisor
