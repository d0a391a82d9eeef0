#include "supervisor/backup/readable.h"

#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::supervisor {
namespace {

constexpr int kDepthMax = 256;

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

void open_up(int parent, const std::string& name, const std::string& shown, int depth,
             std::vector<std::string>& changed) {
  const FileDescriptor entry(::openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!entry.valid() || ::fstat(entry.get(), &status) != 0) return;
  const bool is_folder = S_ISDIR(status.st_mode);
  if (!is_folder && !S_ISREG(status.st_mode)) return;
  const mode_t wanted = is_folder ? S_IRUSR | S_IXUSR : S_IRUSR;
  if ((status.st_mode & wanted) != wanted && status.st_uid == ::geteuid()) {
    // By the descriptor: the name may stand for something else by now.
    const std::string path = "/proc/self/fd/" + std::to_string(entry.get());
    if (::chmod(path.c_str(), (status.st_mode & 07777) | wanted) == 0) changed.push_back(shown);
  }
  if (!is_folder || depth >= kDepthMax) return;
  FileDescriptor readable(
      ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!readable.valid()) return;
  const std::unique_ptr<DIR, CloseFolder> folder(::fdopendir(readable.get()));
  if (!folder) return;
  const int descriptor = readable.release();
  while (const dirent* each = ::readdir(folder.get())) {
    const std::string child = each->d_name;
    if (child == "." || child == "..") continue;
    open_up(descriptor, child, shown == "." ? child : shown + "/" + child, depth + 1, changed);
  }
}

}  // namespace

std::vector<std::string> make_readable(const Path& generation) {
  std::vector<std::string> changed;
  if (::geteuid() != 0) open_up(AT_FDCWD, generation.string(), ".", 0, changed);
  return changed;
}

}  // namespace bulkhead::supervisor
