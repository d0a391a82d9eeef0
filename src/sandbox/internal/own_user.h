// A user id of its own for each compartment, which only root can give. What it is to see is first
// gathered in a mount namespace of its own below one folder, so that it needs no way through the
// estate's folders (which may lie below /root), and no permission on them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sandbox/internal/bubblewrap.h"

namespace bulkhead::sandbox::internal {

struct OwnUser {
  std::uint32_t id = 0;
};

struct OwnUserChoice {
  std::optional<OwnUser> user;  // none: the caller's own
  std::string warning;          // why none, where the caller is root
};
OwnUserChoice choose_user(const Policy& policy);

// Owner and group of the folder and of all in it, never through a symbolic link.
Result<void> give_tree_to(const Path& folder, std::uint32_t id);

// Copies of the mounts, attached nowhere yet, and where each will be.
class StagedMounts {
 public:
  static Result<StagedMounts> create(std::vector<Mount> mounts);
  // With the paths where the child will find them.
  const std::vector<Mount>& mounts() const { return mounts_; }
  // In the child between fork and exec: async-signal-safe. False with errno set.
  bool attach() const;

 private:
  std::vector<Mount> mounts_;
  std::vector<FileDescriptor> trees_;
};

// In the child, after attach(): irrevocably that user and its group, and no other group.
bool become(const OwnUser& user);

}  // namespace bulkhead::sandbox::internal
