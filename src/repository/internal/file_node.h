// What the file system says about a path, as a node; contents and subtrees are the backup's.
#pragma once

#include "base/file.h"
#include "base/guarded.h"
#include "repository/tree.h"

namespace bulkhead::repository {

enum class Links { keep, follow };
enum class AccessTimes { as_modified, keep };

// Names of users and groups, looked up once each. Thread-safe.
class OwnerNames {
 public:
  std::string user(std::uint32_t uid);
  std::string group(std::uint32_t gid);

 private:
  Guarded<std::map<std::uint32_t, std::string>> users_;
  Guarded<std::map<std::uint32_t, std::string>> groups_;
};

// Beyond what 64-bit nanoseconds can say, the nearest that they can.
WallTime to_wall_time(const timespec& time);

Result<Node> read_node(const Path& path, std::string name, Links links, OwnerNames& owners,
                       AccessTimes access_times = AccessTimes::as_modified);

// Of the path itself, never of what a symlink points to. Attributes that may not be read are left
// out, as are those of file systems that have none.
Result<std::vector<ExtendedAttribute>> read_extended_attributes(const Path& path);

}  // namespace bulkhead::repository
