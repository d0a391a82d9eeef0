// Proofs out of a log's tiles, as RFC 6962 sections 2.1.1 and 2.1.2 define them: that an entry is
// in a tree, and that a tree is the beginning of a later one. What is read is not checked; whoever
// gets the proof checks it against a root. Not thread-safe.
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "ledger/tile_tree.h"

namespace bulkhead::ledger {

class Prover {
 public:
  // Of the log in `files` as it was with `size` entries.
  Prover(Files& files, std::uint64_t size) : files_(files), size_(size) {}

  // From the leaf's sibling up; kind invalid where the tree has no such entry.
  Result<std::vector<Hash>> inclusion(std::uint64_t index);
  // From the tree of the first `old_size` entries; empty for 0 and for the whole size.
  Result<std::vector<Hash>> consistency(std::uint64_t old_size);
  // Of the first `size` entries.
  Result<Hash> root_at(std::uint64_t size);

 private:
  Result<Hash> root_of(std::uint64_t begin, std::uint64_t end);
  Result<Hash> perfect_root(std::uint64_t begin, unsigned height);
  Result<const std::vector<Hash>*> tile(unsigned level, std::uint64_t index);

  Files& files_;
  const std::uint64_t size_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Hash>> tiles_;
};

}  // namespace bulkhead::ledger
