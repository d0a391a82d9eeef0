// Shows a repository's snapshots as folders, read-only, until it is unmounted or the process is
// told to end. The layout is restic's: ids/ID, snapshots/TIME, hosts/HOST/TIME, tags/TAG/TIME, and
// a link `latest` beside the times; or another one (layout.h).
//
// Nothing in a snapshot ever changes, so the kernel is told to keep all that it has seen: names,
// attributes and contents. What it asks for comes through shared caches (blob_reader.h).
#pragma once

#include <functional>

#include "base/file.h"
#include "repository/mount/layout.h"
#include "repository/repository.h"

namespace bulkhead::repository {

struct MountOptions {
  Path mountpoint;  // an existing folder
  SnapshotFilter filter;
  MountLayout layout{};
  bool allow_other = false;       // not only the user who mounts
  bool owner_root = false;        // everything belongs to root, whatever the snapshot says
  bool check_permissions = true;  // by the kernel, as the modes in the snapshot say
  std::uint64_t cache_bytes = 64 << 20;
  std::function<void()> mounted;  // called once, when it can be looked at
};

// Kind invalid where the layout cannot be. Holds no lock; hold a Lock (lock.h) beside it.
Result<void> mount(Repository& repository, const MountOptions& options);

}  // namespace bulkhead::repository
