#include "ledger/verify/proof.h"

#include <gtest/gtest.h>

namespace bulkhead::ledger::verify {
namespace {

// The reference data of Certificate Transparency (RFC 6962): eight leaves, the roots of the first
// n of them, and proofs between those.
const std::vector<std::string> kLeaves = {"",
                                          "00",
                                          "10",
                                          "2021",
                                          "3031",
                                          "40414243",
                                          "5051525354555657",
                                          "606162636465666768696a6b6c6d6e6f"};
const std::vector<std::string> kRoots = {
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

struct Inclusion {
  std::uint64_t index, size;
  std::vector<std::string> proof;
};
const std::vector<Inclusion> kInclusions = {
    {0, 1, {}},
    {0,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {5,
     8,
     {"bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2, 3, {"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"}},
    {1,
     5,
     {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}}};

struct Consistency {
  std::uint64_t old_size, new_size;
  std::vector<std::string> proof;
};
const std::vector<Consistency> kConsistencies = {
    {1, 1, {}},
    {1,
     8,
     {"96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
      "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"}},
    {6,
     8,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}},
    {2,
     5,
     {"5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
      "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"}},
    {6,
     7,
     {"0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
      "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
      "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"}}};

Hash hash_of(const std::string& hex) {
  const Bytes bytes = from_hex(hex).value();
  Hash hash{};
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

std::vector<Hash> hashes_of(const std::vector<std::string>& hex) {
  std::vector<Hash> out;
  for (const std::string& each : hex) out.push_back(hash_of(each));
  return out;
}

TEST(Proof, HashesAsTheReferenceData) {
  EXPECT_EQ(to_hex(empty_root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(leaf_hash(as_bytes("L123456"))),
            "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
  std::vector<Hash> leaves;
  for (std::size_t i = 0; i < kLeaves.size(); ++i) {
    leaves.push_back(leaf_hash(from_hex(kLeaves[i]).value()));
    EXPECT_EQ(to_hex(root_of(leaves)), kRoots[i]);
  }
}

TEST(Proof, InclusionOfTheReferenceDataVerifiesAndNothingElseDoes) {
  for (const Inclusion& each : kInclusions) {
    const Hash leaf = leaf_hash(from_hex(kLeaves[each.index]).value());
    const Hash root = hash_of(kRoots[each.size - 1]);
    const std::vector<Hash> proof = hashes_of(each.proof);
    const auto verifies = [&](std::uint64_t index, std::uint64_t size, const Hash& of,
                              const std::vector<Hash>& by, const Hash& to) {
      return verify_inclusion(index, size, of, by, to).has_value();
    };
    EXPECT_TRUE(verifies(each.index, each.size, leaf, proof, root));
    EXPECT_FALSE(verifies(each.index + 1, each.size, leaf, proof, root));
    EXPECT_FALSE(verifies(each.index, 2 * each.size, leaf, proof, root));
    EXPECT_FALSE(verifies(each.size, each.size, leaf, proof, root));
    EXPECT_FALSE(verifies(each.index, 0, leaf, proof, root));
    EXPECT_FALSE(verifies(each.index, each.size, empty_root(), proof, root));
    EXPECT_FALSE(verifies(each.index, each.size, leaf, proof, empty_root()));
    std::vector<Hash> longer = proof;
    longer.push_back(root);
    EXPECT_FALSE(verifies(each.index, each.size, leaf, longer, root));
    longer = proof;
    longer.insert(longer.begin(), leaf);
    EXPECT_FALSE(verifies(each.index, each.size, leaf, longer, root));
    for (std::size_t i = 0; i < proof.size(); ++i) {
      std::vector<Hash> changed = proof;
      changed[i][17] ^= 4;
      EXPECT_FALSE(verifies(each.index, each.size, leaf, changed, root));
      changed = proof;
      changed.erase(changed.begin() + static_cast<long>(i));
      EXPECT_FALSE(verifies(each.index, each.size, leaf, changed, root));
    }
  }
}

TEST(Proof, ConsistencyOfTheReferenceDataVerifiesAndNothingElseDoes) {
  for (const Consistency& each : kConsistencies) {
    const Hash old_root = hash_of(kRoots[each.old_size - 1]);
    const Hash new_root = hash_of(kRoots[each.new_size - 1]);
    const std::vector<Hash> proof = hashes_of(each.proof);
    const auto verifies = [&](std::uint64_t old_size, std::uint64_t new_size, const Hash& from,
                              const Hash& to, const std::vector<Hash>& by) {
      return verify_consistency(old_size, new_size, from, to, by).has_value();
    };
    EXPECT_TRUE(verifies(each.old_size, each.new_size, old_root, new_root, proof));
    EXPECT_FALSE(verifies(each.new_size + 1, each.new_size, old_root, new_root, proof));
    EXPECT_FALSE(verifies(each.old_size, each.new_size, empty_root(), new_root, proof));
    EXPECT_FALSE(verifies(each.old_size, each.new_size, old_root, empty_root(), proof));
    std::vector<Hash> longer = proof;
    longer.push_back(new_root);
    EXPECT_FALSE(verifies(each.old_size, each.new_size, old_root, new_root, longer));
    if (each.old_size == each.new_size) continue;
    EXPECT_FALSE(verifies(each.old_size, each.new_size, new_root, old_root, proof));
    EXPECT_FALSE(verifies(each.old_size, each.new_size, old_root, new_root, {}));
    EXPECT_FALSE(verifies(each.old_size, 2 * each.new_size, old_root, new_root, proof));
    for (std::size_t i = 0; i < proof.size(); ++i) {
      std::vector<Hash> changed = proof;
      changed[i][3] ^= 128;
      EXPECT_FALSE(verifies(each.old_size, each.new_size, old_root, new_root, changed));
      changed = proof;
      changed.erase(changed.begin() + static_cast<long>(i));
      EXPECT_FALSE(verifies(each.old_size, each.new_size, old_root, new_root, changed));
    }
  }
}

}  // namespace
}  // namespace bulkhead::ledger::verify
