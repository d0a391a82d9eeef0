// Trees: what was understood comes back, and every name is one that a restore may use.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/internal/plain_tree.h"
#include "repository/internal/tree_types.h"
#include "repository/tree.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  const auto tree = decode_tree(as_text({data, size}));
  // The quick reader of plain trees reads nothing that the general one does not, and nothing else.
  if (const auto plain = read_plain_tree(as_text({data, size}))) {
    const auto any = read_json_tree(as_text({data, size}));
    CHECK(any && any->nodes == plain->nodes);
  }
  if (!tree) return 0;
  for (const Node& node : tree->nodes) {
    CHECK(!node.name.empty() && node.name != "." && node.name != "..");
    CHECK(node.name.find_first_of(std::string_view("/\0", 2)) == std::string::npos);
    CHECK(tree->find(node.name) == &node);
  }
  const auto again = decode_tree(encode_tree(*tree));
  CHECK(again && again->nodes.size() == tree->nodes.size());
  return 0;
}
