// POSIX access control lists as Linux keeps them in attributes
// (include/uapi/linux/posix_acl_xattr.h), for archives, which have a form of their own for them.
#pragma once

#include <string_view>

#include "base/bytes.h"

struct archive_entry;

namespace bulkhead::repository {

// False where the attribute is no access list, or not one that can be read.
bool add_access_list(archive_entry& entry, std::string_view attribute, ByteView value);

}  // namespace bulkhead::repository
