// What both readers of trees (tree.cpp, internal/plain_tree.cpp) hold the text to.
#pragma once

#include <optional>
#include <string_view>

#include "repository/tree.h"

namespace bulkhead::repository {

// By its name in the JSON.
std::optional<NodeType> node_type_of(std::string_view name);
// Permissions with setuid, setgid and sticky, out of Go's os.FileMode.
std::uint32_t from_go_mode(std::uint64_t go_mode);
// Not empty, ".", "..", nor with a '/' or NUL in it.
bool is_plain_name(std::string_view name);

// Any JSON that says a tree; decode_tree() tries read_plain_tree() before it.
Result<Tree> read_json_tree(std::string_view text);

}  // namespace bulkhead::repository
