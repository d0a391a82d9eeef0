#include "supervisor/watch/canaries.h"

#include <sys/stat.h>
#include <unistd.h>

#include "analysis/canary.h"
#include "base/random.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kSecretSizeMax = 256;

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

Result<void> plant(const Path& root, const Path& canary, const std::string& content) {
  struct stat owner{};
  if (lstat(root.c_str(), &owner) != 0) return fail_errno(errno, "looking at " + root.string());
  Path folder = root;
  for (const Path& part : canary.parent_path()) {
    folder /= part;
    if (mkdir(folder.c_str(), 0755) == 0) {
      TRY(give_away(folder, owner));
    } else if (errno != EEXIST) {
      return fail_errno(errno, "making " + folder.string());
    }
  }
  TRY(write_file_atomic(root / canary, as_bytes(content)));
  return give_away(root / canary, owner);
}

}  // namespace

Result<std::string> canary_secret(const Layout& layout) {
  const Path path = layout.secrets() / "canary.key";
  Result<std::string> secret = read_text_file(path, kSecretSizeMax);
  if (secret || secret.error().kind() != ErrorKind::not_found) return secret;
  SystemRandom random;
  const std::string fresh = to_hex(random.bytes(32));
  TRY(write_file_atomic(path, as_bytes(fresh), 0600));
  return fresh;
}

Result<std::vector<analysis::Indicator>> tend_canaries(const Layout& layout,
                                                       const ServiceConfig& service,
                                                       const std::string& generation,
                                                       const std::string& secret, WallTime now) {
  std::vector<analysis::Indicator> found;
  const Path root = layout.generation(service.name, generation);
  const Path mark = mark_of(layout, service, generation);
  const bool were_planted = std::filesystem::exists(mark);
  for (const Path& canary : service.canaries) {
    const std::string content = analysis::canary_content(secret, service.name, canary.string());
    const analysis::CanaryState state = TRY(analysis::check_canary(root / canary, content));
    if (state == analysis::CanaryState::intact) continue;
    if (were_planted) {
      found.push_back(
          {.kind = analysis::IndicatorKind::canary_touched,
           .service = service.name,
           .path = canary.string(),
           .time = now,
           .explanation = "the canary " + canary.string() +
                          (state == analysis::CanaryState::missing ? " is gone"
                                                                   : " is not as it was planted") +
                          ", since a time when nobody watched"});
      continue;
    }
    if (state == analysis::CanaryState::changed) {
      return fail(ErrorKind::conflict, "the dataset of " + service.name +
                                           " holds a file of its own named " + canary.string() +
                                           "; choose another name under canaries in estate.toml");
    }
    TRY(plant(root, canary, content));
  }
  if (!were_planted) TRY(write_file_atomic(mark, {}, 0600));
  return found;
}

}  // namespace bulkhead::supervisor
