// A folder as the repository keeps it: a list of nodes, ascending by the bytes of their names
// (design.rst, "Trees and Data"). A tree is itself a blob, named by the digest of its JSON text.
// decode() refuses whatever could lead a restore astray: names with '/', "." and "..", and names
// that are not strictly ascending.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "repository/ids.h"

namespace bulkhead::repository {

enum class NodeType { file, directory, symlink, block_device, character_device, fifo, socket };
// "file", "dir", "symlink", "dev", "chardev", "fifo", "socket", as in the JSON.
std::string_view name_of(NodeType type);
// S_IFREG, S_IFDIR and so on.
std::uint32_t file_type_bits(NodeType type);

struct ExtendedAttribute {
  std::string name;
  Bytes value;
  bool operator==(const ExtendedAttribute&) const = default;
};

struct Node {
  std::string name;  // raw bytes, not necessarily UTF-8
  NodeType type = NodeType::file;
  std::uint32_t mode = 0;  // permissions with setuid, setgid and sticky, as in st_mode & 07777
  WallTime modified{};
  WallTime accessed{};
  WallTime changed{};
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;
  std::string group;
  std::uint64_t inode = 0;
  std::uint64_t device_id = 0;
  std::uint64_t size = 0;  // of files
  std::uint64_t links = 0;
  std::string link_target;  // of symlinks; raw bytes
  std::vector<ExtendedAttribute> extended_attributes;
  std::uint64_t device = 0;       // of devices: their own number, st_rdev
  std::vector<BlobId> content;    // of files
  std::optional<BlobId> subtree;  // of directories
  bool operator==(const Node&) const = default;
};

// The mode with the type, as Go's os.FileMode has it and trees store it.
std::uint32_t go_mode(const Node& node);

struct Tree {
  std::vector<Node> nodes;
  const Node* find(std::string_view name) const;
};

// restic writes the times of files in the time zone of whoever makes the backup.
enum class TreeTimes { utc, local };
// The exact bytes that restic writes, with the newline at the end.
std::string encode_tree(const Tree& tree, TreeTimes times = TreeTimes::utc);
// Kind corrupt, saying which node and why.
Result<Tree> decode_tree(std::string_view text);

// Go's strconv.Quote without its outer quotes: how names get through JSON unharmed.
std::string quote_name(std::string_view raw);
// Kind corrupt for what no quoting gives.
Result<std::string> unquote_name(std::string_view quoted);

}  // namespace bulkhead::repository
