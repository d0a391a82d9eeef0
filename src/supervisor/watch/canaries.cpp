#include "supervisor/watch/canaries.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analysis/canary.h"
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

// A folder below `parent`, made where it is not there. A link is not followed: it is the service
// that writes in its dataset, and bulkheadd has more rights than the service.
Result<FileDescriptor> enter(const FileDescriptor& parent, const Path& name, const Path& shown,
                             const struct stat& owner) {
  const bool is_new = ::mkdirat(parent.get(), name.c_str(), 0755) == 0;
  if (!is_new && errno != EEXIST) return fail_errno(errno, "making " + shown.string());
  FileDescriptor folder(
      ::openat(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid() && (errno == ELOOP || errno == ENOTDIR)) {
    return fail(ErrorKind::corrupt, shown.string() + " is not a real folder");
  }
  if (!folder.valid()) return fail_errno(errno, "opening " + shown.string());
  if (is_new && geteuid() == 0 && ::fchown(folder.get(), owner.st_uid, owner.st_gid) != 0) {
    return fail_errno(errno, "giving away " + shown.string());
  }
  return folder;
}

Result<void> plant(const Path& root, const Path& canary, const std::string& content) {
  FileDescriptor folder = TRY(open_file(root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  struct stat owner{};
  if (::fstat(folder.get(), &owner) != 0) return fail_errno(errno, "looking at " + root.string());
  Path shown = root;
  for (const Path& part : canary.parent_path()) {
    shown /= part;
    folder = TRY(enter(folder, part, shown, owner));
  }
  // By the descriptor: what the path leads to may have changed since.
  const Path planted = Path("/proc/self/fd") / std::to_string(folder.get()) / canary.filename();
  TRY_CONTEXT(write_file_atomic(planted, as_bytes(content)), (root / canary).string());
  return give_away(planted, owner);
}

Result<void> plant_all(const Path& root, const ServiceConfig& service, Random& random) {
  const std::string seed = to_hex(random.bytes(16));
  for (const Path& canary : service.canaries) {
    if (std::filesystem::exists(root / canary)) continue;
    TRY(plant(root, canary, analysis::canary_content(seed, service.name, canary.string())));
  }
  return {};
}

Result<std::string> digest_of(const Path& path) {
  const Bytes content = TRY(read_file(path, kCanarySizeMax));
  return to_hex(crypto::sha256(content));
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
      digests.set(canary.string(), TRY(digest_of(root / canary)));
    }
    TRY(write_file_atomic(mark, as_bytes(json::write(digests) + "\n"), 0600));
    return found;
  }
  const std::string text = TRY(read_text_file(mark, kMarkSizeMax));
  const json::Value digests = TRY_CONTEXT(json::parse(text), mark.string());
  for (const Path& canary : service.canaries) {
    const json::Value& expected = digests[canary.string()];
    if (!expected.is_string()) continue;  // chosen since: watched from the next generation on
    const Result<std::string> digest = digest_of(root / canary);
    if (!digest && digest.error().kind() != ErrorKind::not_found &&
        digest.error().kind() != ErrorKind::limit) {
      return std::unexpected(digest.error());
    }
    if (digest && *digest == *expected.string()) continue;
    const bool is_gone = !digest && digest.error().kind() == ErrorKind::not_found;
    found.push_back({.kind = analysis::IndicatorKind::canary_touched,
                     .service = service.name,
                     .path = canary.string(),
                     .time = now,
                     .explanation = "the canary " + canary.string() +
                                    (is_gone ? " is gone" : " is not as it was") +
                                    ", since a time when nobody watched"});
  }
  return found;
}

}  // namespace bulkhead::supervisor
