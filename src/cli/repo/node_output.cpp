#include "cli/repo/node_output.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/repo/output.h"

namespace bulkhead::cli::repo {

using repository::NodeType;

json::Object to_json(const repository::Node& node, const std::string& path) {
  json::Object object{{"name", node.name},
                      {"type", name_of(node.type)},
                      {"path", path},
                      {"uid", static_cast<std::uint64_t>(node.uid)},
                      {"gid", static_cast<std::uint64_t>(node.gid)}};
  if (node.type == NodeType::file) object.set("size", node.size);
  object.set("mode", std::uint64_t{repository::go_mode(node)});
  object.set("permissions", show_mode(node));
  object.set("mtime", to_rfc3339(node.modified));
  object.set("atime", to_rfc3339(node.accessed));
  object.set("ctime", to_rfc3339(node.changed));
  if (node.inode != 0) object.set("inode", node.inode);
  if (!node.user.empty()) object.set("user", node.user);
  if (!node.group.empty()) object.set("group", node.group);
  if (node.device_id != 0) object.set("device_id", node.device_id);
  if (node.links != 0) object.set("links", node.links);
  if (node.type == NodeType::symlink) object.set("linktarget", node.link_target);
  if (!is_valid_utf8(path)) object.set("raw_path", to_base64(as_bytes(path)));
  return object;
}

std::string describe(const repository::Node& node, const std::string& path, bool detailed,
                     bool human_readable) {
  if (!detailed) return show_name(path);
  const std::string target =
      node.type == NodeType::symlink ? " -> " + show_name(node.link_target) : "";
  const std::string size = human_readable ? show_size(node.size) : std::to_string(node.size);
  return fmt::format("{} {:5} {:5} {:>10} {} {}{}", show_mode(node), node.uid, node.gid, size,
                     show_time(node.modified), show_name(path), target);
}

}  // namespace bulkhead::cli::repo
