#include "repository/tree.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/rfc3339.h"
#include "base/text.h"
#include "json/value.h"
#include "repository/internal/decode_time.h"
#include "repository/internal/local_offset.h"
#include "repository/internal/plain_tree.h"
#include "repository/internal/tree_types.h"

namespace bulkhead::repository {
namespace {

struct TypeName {
  NodeType type;
  std::string_view name;
  std::uint32_t go_mode;    // the type's bits in Go's os.FileMode
  std::uint32_t unix_mode;  // and in st_mode
};

constexpr TypeName kTypeNames[] = {
    {NodeType::file, "file", 0, S_IFREG},
    {NodeType::directory, "dir", 1u << 31, S_IFDIR},
    {NodeType::symlink, "symlink", 1u << 27, S_IFLNK},
    {NodeType::block_device, "dev", 1u << 26, S_IFBLK},
    {NodeType::character_device, "chardev", 1u << 26 | 1u << 21, S_IFCHR},
    {NodeType::fifo, "fifo", 1u << 25, S_IFIFO},
    {NodeType::socket, "socket", 1u << 24, S_IFSOCK},
};

const TypeName& entry_of(NodeType type) {
  return *std::ranges::find(kTypeNames, type, &TypeName::type);
}

// Permissions are the same bits; setuid, setgid and sticky are elsewhere in Go's os.FileMode.
constexpr std::pair<std::uint32_t, std::uint32_t> kSpecialBits[] = {
    {04000, 1u << 23}, {02000, 1u << 22}, {01000, 1u << 20}};

std::uint32_t to_go_mode(const Node& node) {
  std::uint32_t mode = (node.mode & 0777) | entry_of(node.type).go_mode;
  for (const auto& [unix_bit, go_bit] : kSpecialBits) {
    if (node.mode & unix_bit) mode |= go_bit;
  }
  return mode;
}

}  // namespace

std::uint32_t from_go_mode(std::uint64_t go_mode) {
  auto mode = static_cast<std::uint32_t>(go_mode & 0777);
  for (const auto& [unix_bit, go_bit] : kSpecialBits) {
    if (go_mode & go_bit) mode |= unix_bit;
  }
  return mode;
}

std::optional<NodeType> node_type_of(std::string_view name) {
  const auto* entry = std::ranges::find(kTypeNames, name, &TypeName::name);
  if (entry == std::end(kTypeNames)) return std::nullopt;
  return entry->type;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

namespace {

void append_attributes(std::string& out, const std::vector<ExtendedAttribute>& attributes) {
  if (attributes.empty()) return;
  out += ",\"extended_attributes\":[";
  bool first = true;
  for (const ExtendedAttribute& attribute : attributes) {
    out += first ? "{\"name\":" : ",{\"name\":";
    json::append_string(out, attribute.name);
    out += fmt::format(",\"value\":\"{}\"}}", to_base64(attribute.value));
    first = false;
  }
  out += ']';
}

void append_content(std::string& out, const Node& node) {
  out += ",\"content\":";
  if (node.type != NodeType::file) {
    out += "null";
    return;
  }
  out += '[';
  for (std::size_t i = 0; i < node.content.size(); ++i) {
    out += i == 0 ? "\"" : ",\"";
    append_hex(out, node.content[i].bytes());
    out += '"';
  }
  out += ']';
}

void append_number(std::string& out, std::string_view key, std::uint64_t value) {
  const fmt::format_int digits(value);
  out += key;
  out.append(digits.data(), digits.size());
}

// Keys come with all that stands around them.
void append_optional(std::string& out, std::string_view key, std::uint64_t value) {
  if (value != 0) append_number(out, key, value);
}

void append_optional(std::string& out, std::string_view key, std::string_view value) {
  if (value.empty()) return;
  out += key;
  json::append_string(out, value);
}

void append_time(std::string& out, std::string_view key, WallTime time, TreeTimes times) {
  out += key;
  append_rfc3339(out, time,
                 times == TreeTimes::local ? local_offset(time) : std::chrono::minutes(0));
  out += '"';
}

void append_node(std::string& out, const Node& node, TreeTimes times) {
  out += "{\"name\":";
  json::append_string(out, quote_name(node.name));
  out += ",\"type\":\"";
  out += name_of(node.type);
  out += '"';
  append_optional(out, ",\"mode\":", to_go_mode(node));
  append_time(out, ",\"mtime\":\"", node.modified, times);
  append_time(out, ",\"atime\":\"", node.accessed, times);
  append_time(out, ",\"ctime\":\"", node.changed, times);
  append_number(out, ",\"uid\":", node.uid);
  append_number(out, ",\"gid\":", node.gid);
  append_optional(out, ",\"user\":", node.user);
  append_optional(out, ",\"group\":", node.group);
  append_optional(out, ",\"inode\":", node.inode);
  append_optional(out, ",\"device_id\":", node.device_id);
  append_optional(out, ",\"size\":", node.size);
  append_optional(out, ",\"links\":", node.links);
  append_optional(out, ",\"linktarget\":", node.link_target);
  if (!is_valid_utf8(node.link_target)) {
    append_optional(out, ",\"linktarget_raw\":", to_base64(as_bytes(node.link_target)));
  }
  append_attributes(out, node.extended_attributes);
  append_optional(out, ",\"device\":", node.device);
  append_content(out, node);
  if (node.subtree) {
    out += ",\"subtree\":\"";
    append_hex(out, node.subtree->bytes());
    out += '"';
  }
  out += '}';
}

Result<BlobId> to_blob_id(const json::Value& value, std::string_view what) {
  const std::string text = TRY(value.to_string(what));
  auto id = BlobId::from_hex(text);
  if (!id) return fail(ErrorKind::corrupt, fmt::format("{} \"{}\" is not an id", what, text));
  return id;
}

Result<void> read_number(const json::Value& value, std::string_view what, std::uint64_t& out) {
  if (!value.is_null()) out = TRY(value.to_u64(what));
  return {};
}

Result<void> read_owner(const json::Value& value, std::string_view what, std::uint32_t& out) {
  std::uint64_t number = 0;
  TRY(read_number(value, what, number));
  if (number > UINT32_MAX) return fail(ErrorKind::corrupt, fmt::format("{} is too large", what));
  out = static_cast<std::uint32_t>(number);
  return {};
}

Result<void> read_text(const json::Value& value, std::string_view what, std::string& out) {
  if (!value.is_null()) out = TRY(value.to_string(what));
  return {};
}

Result<void> require_plain_name(const std::string& name) {
  if (is_plain_name(name)) return {};
  return fail(ErrorKind::corrupt, fmt::format("\"{}\" is no name for a file", quote_name(name)));
}

Result<void> read_attributes(const json::Value& value, Node& node) {
  const json::Array* list = value.array();
  if (list == nullptr) return {};
  for (const json::Value& item : *list) {
    ExtendedAttribute attribute;
    attribute.name = TRY(item["name"].to_string("an attribute's name"));
    if (const std::string* encoded = item["value"].string()) {
      attribute.value = TRY_CONTEXT(from_base64(*encoded), "an attribute's value");
    }
    node.extended_attributes.push_back(std::move(attribute));
  }
  return {};
}

Result<void> read_content(const json::Value& value, Node& node) {
  if (node.type == NodeType::file) {
    const json::Array* list = value["content"].array();
    if (list == nullptr) return fail(ErrorKind::corrupt, "a file without content");
    for (const json::Value& item : *list) {
      node.content.push_back(TRY(to_blob_id(item, "a blob of the content")));
    }
  }
  if (node.type == NodeType::directory) {
    node.subtree = TRY(to_blob_id(value["subtree"], "the subtree"));
  }
  return {};
}

Result<void> read_attributes_of_inode(const json::Value& value, Node& node) {
  std::uint64_t go_mode = 0;
  TRY(read_number(value["mode"], "mode", go_mode));
  node.mode = from_go_mode(go_mode);
  node.modified = TRY(decode_time(value["mtime"], "mtime"));
  node.accessed = TRY(decode_time(value["atime"], "atime"));
  node.changed = TRY(decode_time(value["ctime"], "ctime"));
  TRY(read_owner(value["uid"], "uid", node.uid));
  TRY(read_owner(value["gid"], "gid", node.gid));
  TRY(read_text(value["user"], "user", node.user));
  TRY(read_text(value["group"], "group", node.group));
  TRY(read_number(value["inode"], "inode", node.inode));
  TRY(read_number(value["device_id"], "device_id", node.device_id));
  TRY(read_number(value["size"], "size", node.size));
  TRY(read_number(value["links"], "links", node.links));
  TRY(read_number(value["device"], "device", node.device));
  return read_attributes(value["extended_attributes"], node);
}

Result<Node> decode_node(const json::Value& value) {
  Node node;
  const std::string quoted = TRY(value["name"].to_string("a node's name"));
  node.name = TRY(unquote_name(quoted));
  TRY(require_plain_name(node.name));
  const std::string context = fmt::format("node \"{}\"", quoted);
  const std::string type = TRY_CONTEXT(value["type"].to_string("type"), context);
  const auto known = node_type_of(type);
  if (!known) {
    return fail(ErrorKind::corrupt, fmt::format("{}: type \"{}\" is not known", context, type));
  }
  node.type = *known;
  TRY_CONTEXT(read_attributes_of_inode(value, node), context);
  TRY_CONTEXT(read_text(value["linktarget"], "linktarget", node.link_target), context);
  if (const std::string* raw = value["linktarget_raw"].string()) {
    const Bytes target = TRY_CONTEXT(from_base64(*raw), context);
    node.link_target = as_text(target);
  }
  TRY_CONTEXT(read_content(value, node), context);
  return node;
}

}  // namespace

std::string_view name_of(NodeType type) { return entry_of(type).name; }

std::uint32_t file_type_bits(NodeType type) { return entry_of(type).unix_mode; }

std::uint32_t go_mode(const Node& node) { return to_go_mode(node); }

const Node* Tree::find(std::string_view name) const {
  const auto at = std::ranges::lower_bound(nodes, name, {}, &Node::name);
  return at != nodes.end() && at->name == name ? &*at : nullptr;
}

std::string encode_tree(const Tree& tree, TreeTimes times) {
  constexpr std::size_t kUsualNode = 420;
  std::string out;
  out.reserve(tree.nodes.size() * kUsualNode + 16);
  out += "{\"nodes\":[";
  for (std::size_t i = 0; i < tree.nodes.size(); ++i) {
    if (i != 0) out += ',';
    append_node(out, tree.nodes[i], times);
  }
  out += "]}\n";
  return out;
}

Result<Tree> decode_tree(std::string_view text) {
  if (auto plain = read_plain_tree(text)) return *std::move(plain);
  return read_json_tree(text);
}

Result<Tree> read_json_tree(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  const json::Value& nodes = value["nodes"];
  Tree tree;
  if (value.is_object() && nodes.is_null()) return tree;
  const json::Array* list = nodes.array();
  if (list == nullptr) return fail(ErrorKind::corrupt, "tree has no list of nodes");
  tree.nodes.reserve(list->size());
  for (const json::Value& item : *list) {
    tree.nodes.push_back(TRY(decode_node(item)));
    const std::size_t count = tree.nodes.size();
    if (count > 1 && tree.nodes[count - 2].name >= tree.nodes[count - 1].name) {
      return fail(ErrorKind::corrupt, fmt::format("node \"{}\" is not after the one before it",
                                                  quote_name(tree.nodes.back().name)));
    }
  }
  return tree;
}

}  // namespace bulkhead::repository
