// Policy → bubblewrap's argument vector, with the descriptors that it refers to by number.
#pragma once

#include <string>
#include <vector>

#include "base/process.h"
#include "sandbox/policy.h"

namespace bulkhead::sandbox::internal {

enum class Access { read_only, writable };
enum class EntryKind { file, folder };

// One path of the outside that appears inside.
struct Mount {
  Path outside;
  std::string inside;
  Access access = Access::read_only;
  EntryKind kind = EntryKind::folder;
};

// Those of the policy and no others: the system's own (/usr and some files of /etc) are in the
// argument vector already.
std::vector<Mount> mounts_of(const Policy& policy);

struct BubblewrapLaunch {
  std::vector<std::string> arguments;
  // In the child the first is number kFirstHandedOver, and so on.
  std::vector<FileDescriptor> handed_over;
};
inline constexpr int kFirstHandedOver = 10;
inline constexpr int kHandedOverEnd = 32;
// Written by bubblewrap: {"child-pid": N, …}; and read by it: one byte lets the compartment begin.
inline constexpr int kStatusDescriptor = 8;
inline constexpr int kGateDescriptor = 9;

// Moves a descriptor that the child uses before it becomes bubblewrap out of the way of the numbers
// above, which are overwritten by then.
Result<FileDescriptor> out_of_the_way(FileDescriptor descriptor);

Result<BubblewrapLaunch> bubblewrap_launch(const Policy& policy, const std::vector<Mount>& mounts);

}  // namespace bulkhead::sandbox::internal
