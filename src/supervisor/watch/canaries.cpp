#include "supervisor/watch/canaries.h"

#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/canary.h"
#include "base/file.h"
#include "crypto/sha256.h"
#include "json/value.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kMarkSizeMax = 64 * 1024;
constexpr std::size_t kCanarySizeMax = 1024 * 1024;

// Beside the generations, where no compartment sees it.
Path mark_of(const Layout& layout, const ServiceConfig& service, const std::string& generation) {
  return layout.dataset(service.name) / (".canaries-" + generation);
}

// The service's own user must be able to touch it: a canary that cannot be harmed warns of nothing.
Result<void> give_away(const Path& path, const struct stat& owner) {
  if (geteuid() == 0 && lchown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
    return fail_errno(errno, "giving away " + path.string());
  }
  return {};
}

// A folder below `parent`. A link is not followed: it is the service that writes in its dataset,
// and bulkheadd has more rights than the service.
Result<FileDescriptor> enter(const FileDescriptor& parent, const Path& name, const Path& shown) {
  FileDescriptor folder(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (folder.valid()) return folder;
  if (errno == ELOOP || errno == ENOTDIR) {
    return fail(ErrorKind::corrupt, shown.string() + " is not a real folder");
  }
  return fail_errno(errno, "opening " + shown.string());
}

Result<FileDescriptor> make_and_enter(const FileDescriptor& parent, const Path& name,
                                      const Path& shown, const struct stat& owner) {
  const bool is_new = ::mkdirat(parent.get(), name.c_str(), 0755) == 0;
  if (!is_new && errno != EEXIST) return fail_errno(errno, "making " + shown.string());
  FileDescriptor folder = TRY(enter(parent, name, shown));
  if (is_new && geteuid() == 0 && ::fchown(folder.get(), owner.st_uid, owner.st_gid) != 0) {
    return fail_errno(errno, "giving away " + shown.string());
  }
  return folder;
}

Result<FileDescriptor> open_root(const Path& root) {
  return open_file(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// Plants it, unless a file is there: one that the estate was made with, or that was restored.
Result<void> plant(const Path& root, const Path& canary, const std::string& content) {
  FileDescriptor folder = TRY(open_root(root));
  struct stat owner{};
  if (::fstat(folder.get(), &owner) != 0) return fail_errno(errno, "looking at " + root.string());
  Path shown = root;
  for (const Path& part : canary.parent_path()) {
    shown /= part;
    folder = TRY(make_and_enter(folder, part, shown, owner));
  }
  struct stat there{};
  if (::fstatat(folder.get(), canary.filename().c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0) {
    if (S_ISREG(there.st_mode)) return {};
    return fail(ErrorKind::corrupt, (root / canary).string() +
                                        " is in a canary's place and not a regular file; remove it "
                                        "or choose another canary in estate.toml");
  }
  if (errno != ENOENT) return fail_errno(errno, "looking at " + (root / canary).string());
  // By the descriptor: what the path leads to may have changed since.
  const Path planted = Path("/proc/self/fd") / std::to_string(folder.get()) / canary.filename();
  TRY_CONTEXT(write_file_atomic(planted, as_bytes(content)), (root / canary).string());
  return give_away(planted, owner);
}

Result<void> plant_all(const Path& root, const ServiceConfig& service, Random& random) {
  const std::string seed = to_hex(random.bytes(16));
  for (const Path& canary : service.canaries) {
    TRY(plant(root, canary, analysis::canary_content(seed, service.name, canary.string())));
  }
  return {};
}

// Kind not_found where it is gone, corrupt where something else than a file stands in its place: a
// link may lead to anything, and a pipe would hold the reader up for ever.
Result<std::string> digest_of(const Path& root, const Path& canary) {
  const Path shown = root / canary;
  FileDescriptor folder = TRY(open_root(root));
  Path entered = root;
  for (const Path& part : canary.parent_path()) {
    entered /= part;
    folder = TRY(enter(folder, part, entered));
  }
  const FileDescriptor file(::openat(folder.get(), canary.filename().c_str(),
                                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.valid() && (errno == ELOOP || errno == ENXIO)) {
    return fail(ErrorKind::corrupt, shown.string() + " is not a regular file");
  }
  if (!file.valid()) return fail_errno(errno, "opening " + shown.string());
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "looking at " + shown.string());
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::corrupt, shown.string() + " is not a regular file");
  }
  const Bytes content = TRY_CONTEXT(read_to_end(file.get(), kCanarySizeMax), shown.string());
  return to_hex(crypto::sha256(content));
}

// How a canary is no longer as it was; nothing where that cannot be told from this error.
std::optional<std::string_view> harm_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::not_found: return " is gone";
    case ErrorKind::limit: return " is not as it was";
    case ErrorKind::corrupt: return " is no longer a file";
    case ErrorKind::denied: return " can no longer be read";
    default: return std::nullopt;
  }
}

}  // namespace

Result<std::vector<analysis::Indicator>> tend_canaries(const Layout& layout,
                                                       const ServiceConfig& service,
                                                       const std::string& generation,
                                                       Random& random, WallTime now) {
  std::vector<analysis::Indicator> found;
  if (service.canaries.empty()) return found;
  const Path root = layout.generation(service.name, generation);
  const Path mark = mark_of(layout, service, generation);
  if (!std::filesystem::exists(mark)) {
    TRY(plant_all(root, service, random));
    json::Object digests;
    for (const Path& canary : service.canaries) {
      digests.set(canary.string(), TRY(digest_of(root, canary)));
    }
    TRY(write_file_atomic(mark, as_bytes(json::write(digests) + "\n"), 0600));
    return found;
  }
  const std::string text = TRY(read_text_file(mark, kMarkSizeMax));
  const json::Value digests = TRY_CONTEXT(json::parse(text), mark.string());
  for (const Path& canary : service.canaries) {
    const json::Value& expected = digests[canary.string()];
    if (!expected.is_string()) continue;  // chosen since: watched from the next generation on
    const Result<std::string> digest = digest_of(root, canary);
    if (digest && *digest == *expected.string()) continue;
    const std::optional<std::string_view> harm =
        digest ? std::optional<std::string_view>(" is not as it was") : harm_of(digest.error());
    if (!harm) return std::unexpected(digest.error());
    found.push_back({.kind = analysis::IndicatorKind::canary_touched,
                     .service = service.name,
                     .path = canary.string(),
                     .time = now,
                     .explanation = "the canary " + canary.string() + std::string(*harm) +
                                    ", since a time when nobody watched",
                     .generation = generation});
  }
  return found;
}

}  // namespace bulkhead::supervisor
