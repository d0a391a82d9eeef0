#include "ledger/verify/proof.h"

#include <bit>

#include <fmt/format.h>

namespace bulkhead::ledger::verify {
namespace {

bool is_odd(std::uint64_t number) { return (number & 1) != 0; }

std::unexpected<Error> wrong(std::string_view what) {
  return fail(ErrorKind::corrupt, std::string(what));
}

}  // namespace

Hash leaf_hash(ByteView entry) {
  Bytes input;
  input.reserve(entry.size() + 1);
  input.push_back(0x00);
  input.insert(input.end(), entry.begin(), entry.end());
  return crypto::sha256(input);
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> input;
  input[0] = 0x01;
  std::copy(left.begin(), left.end(), input.begin() + 1);
  std::copy(right.begin(), right.end(), input.begin() + 33);
  return crypto::sha256(input);
}

Hash empty_root() { return crypto::sha256({}); }

Hash root_of(std::span<const Hash> leaves) {
  if (leaves.empty()) return empty_root();
  if (leaves.size() == 1) return leaves[0];
  // k is the largest power of two smaller than n.
  const std::size_t k = std::bit_floor(leaves.size() - 1);
  return node_hash(root_of(leaves.first(k)), root_of(leaves.subspan(k)));
}

Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                              std::span<const Hash> proof, const Hash& root) {
  if (index >= size) {
    return fail(ErrorKind::invalid,
                fmt::format("entry {} cannot be in a tree of {} entries", index, size));
  }
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Hash r = leaf;
  for (const Hash& p : proof) {
    if (sn == 0) return wrong("the inclusion proof is longer than the tree is high");
    if (is_odd(fn) || fn == sn) {
      r = node_hash(p, r);
      while (!is_odd(fn) && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      r = node_hash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return wrong("the inclusion proof ends before the root");
  if (r != root) return wrong("the inclusion proof leads to another root");
  return {};
}

Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                const Hash& old_root, const Hash& new_root,
                                std::span<const Hash> proof) {
  if (old_size > new_size) {
    return fail(ErrorKind::invalid,
                fmt::format("a tree of {} entries does not grow to {}", old_size, new_size));
  }
  if (old_size == 0 || old_size == new_size) {
    if (!proof.empty()) return wrong("a consistency proof where none is needed");
    if (old_size == 0 && old_root != empty_root()) return wrong("an empty tree with a wrong root");
    if (old_size == new_size && old_root != new_root) return wrong("one size with two roots");
    return {};
  }
  std::vector<Hash> path(proof.begin(), proof.end());
  if (std::has_single_bit(old_size)) path.insert(path.begin(), old_root);
  if (path.empty()) return wrong("the consistency proof is empty");
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = new_size - 1;
  while (is_odd(fn)) {
    fn >>= 1;
    sn >>= 1;
  }
  Hash fr = path[0];
  Hash sr = path[0];
  for (const Hash& c : std::span(path).subspan(1)) {
    if (sn == 0) return wrong("the consistency proof is longer than the tree is high");
    if (is_odd(fn) || fn == sn) {
      fr = node_hash(c, fr);
      sr = node_hash(c, sr);
      while (!is_odd(fn) && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_hash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return wrong("the consistency proof ends before the root");
  if (fr != old_root) return wrong("the consistency proof leads to another old root");
  if (sr != new_root) return wrong("the consistency proof leads to another new root");
  return {};
}

}  // namespace bulkhead::ledger::verify
