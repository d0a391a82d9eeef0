// Trees as restic and we write them, read many times faster than JSON in general.
#pragma once

#include <optional>

#include "repository/tree.h"

namespace bulkhead::repository {

// The same tree that reading the JSON gives; nothing where the text is not plain or something about
// it is wrong.
std::optional<Tree> read_plain_tree(std::string_view text);

}  // namespace bulkhead::repository
