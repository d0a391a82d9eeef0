#include "ledger/prover.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ledger/crashing_files.h"
#include "ledger/verify/proof.h"

namespace bulkhead::ledger {
namespace {

class ProverTest : public testing::Test {
 protected:
  // All partial tiles of the sizes where `sign_at` divides are there, as a ledger would leave them.
  void grow(std::uint64_t size) {
    TileTree tree;
    roots_.push_back(tree.root());
    while (tree.size() < size) {
      const Bytes entry = to_bytes(fmt::format("entry {}", tree.size()));
      leaves_.push_back(verify::leaf_hash(entry));
      tree.add(entry);
      roots_.push_back(tree.root());
    }
    ASSERT_TRUE(files_.put(tree.unwritten()));
  }

  Disk disk_;
  CrashingFiles files_{disk_};
  std::vector<Hash> leaves_;
  std::vector<Hash> roots_;  // by size
};

TEST_F(ProverTest, RootsAreThoseOfTheSpecification) {
  grow(600);
  for (std::size_t size = 0; size <= leaves_.size(); ++size) {
    ASSERT_EQ(roots_[size], verify::root_of(std::span(leaves_).first(size))) << size;
  }
}

TEST_F(ProverTest, EveryEntryIsProvenToTheIndependentVerifier) {
  grow(70'000);
  Prover prover(files_, 70'000);
  for (std::uint64_t i = 0; i < 70'000; i = i * 2 + 1 + i / 1000) {
    const auto proof = prover.inclusion(i);
    ASSERT_TRUE(proof);
    EXPECT_TRUE(verify::verify_inclusion(i, 70'000, leaves_[i], *proof, roots_.back())) << i;
  }
  for (const std::uint64_t i : {255u, 256u, 65'535u, 65'536u, 69'887u, 69'888u, 69'999u}) {
    EXPECT_TRUE(verify::verify_inclusion(i, 70'000, leaves_[i], prover.inclusion(i).value(),
                                         roots_.back()));
  }
  EXPECT_EQ(prover.inclusion(70'000).error().kind(), ErrorKind::invalid);
}

TEST_F(ProverTest, EveryEarlierTreeIsProvenToTheIndependentVerifier) {
  for (const std::uint64_t size : {1u, 2u, 7u, 255u, 256u, 257u, 520u}) {
    disk_.set({});
    leaves_.clear();
    roots_.clear();
    grow(size);
    Prover prover(files_, size);
    for (std::uint64_t old = 0; old <= size; ++old) {
      const auto proof = prover.consistency(old);
      ASSERT_TRUE(proof) << old << " " << size;
      EXPECT_TRUE(verify::verify_consistency(old, size, roots_[old], roots_[size], *proof))
          << old << " " << size;
      EXPECT_EQ(prover.root_at(old).value(), roots_[old]);
    }
    EXPECT_FALSE(prover.consistency(size + 1));
  }
}

TEST(TilePath, IsThatOfTheSpecification) {
  EXPECT_EQ(tile_path(0, 1234067, kTileWidth), "tile/0/x001/x234/067");
  EXPECT_EQ(tile_path(2, 0, 17), "tile/2/000.p/17");
  EXPECT_EQ(tile_path(1, 1000, 1), "tile/1/x001/000.p/1");
  EXPECT_EQ(bundle_path(999, kTileWidth), "tile/entries/999");
  EXPECT_EQ(bundle_path(1'000'000, 255), "tile/entries/x001/x000/000.p/255");
}

}  // namespace
}  // namespace bulkhead::ledger
