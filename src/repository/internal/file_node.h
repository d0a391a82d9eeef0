// What the file system says about a path, as a node; contents and subtrees are the backup's.
#pragma once

#include "base/file.h"
#include "repository/tree.h"

namespace bulkhead::repository {

enum class Links { keep, follow };
enum class AccessTimes { as_modified, keep };

// Names of users and groups, looked up once each. Each thread has its own.
class OwnerNames {
 public:
  const std::string& user(std::uint32_t uid);
  const std::string& group(std::uint32_t gid);

 private:
  std::map<std::uint32_t, std::string> users_;
  std::map<std::uint32_t, std::string> groups_;
};

// Beyond what 64-bit nanoseconds can say, the nearest that they can.
WallTime to_wall_time(const timespec& time);

// `before` is an earlier node of the path, or nullptr: where it has the same inode and change time,
// the extended attributes are taken from it.
Result<Node> read_node(const Path& path, std::string name, Links links, OwnerNames& owners,
                       AccessTimes access_times = AccessTimes::as_modified,
                       const Node* before = nullptr);

// Of the path itself, never of what a symlink points to. Attributes that may not be read are left
// out, as are those of file systems that have none.
Result<std::vector<ExtendedAttribute>> read_extended_attributes(const Path& path);

}  // namespace bulkhead::repository
