// The file system as a confined helper sees it, by Landlock (landlock(7)), as far as this kernel
// knows it: rights that a kernel does not know are left out, since it would refuse the whole set.
#pragma once

#include <string>

#include "base/file_descriptor.h"

namespace bulkhead::sandbox::internal {

// 0: not in this kernel, or not switched on.
int landlock_version();

// Reading below /usr and of a few files of /etc, /dev/null, and executing `program` with the
// dynamic loader. To be applied in the child by restrict_self(). Not valid where there is no
// Landlock.
Result<FileDescriptor> landlock_rules_for(const std::string& program);

// Async-signal-safe; no_new_privs must be set.
bool restrict_self(int rules);

}  // namespace bulkhead::sandbox::internal
