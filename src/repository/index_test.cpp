// The index in memory and its cache on disk; and the quick readers of trees and index files.
#include "repository/index.h"

#include <gmock/gmock.h>

#include "repository/internal/blob_table.h"
#include "repository/internal/plain_tree.h"
#include "repository/internal/tree_types.h"
#include "repository/repository_fixture.h"

namespace bulkhead::repository {
namespace {

class IndexTest : public testing::Test {
 protected:
  IndexedPack make_pack(std::size_t blobs, BlobType type = BlobType::data) {
    IndexedPack pack{PackId::from_bytes(random_.bytes(32)), {}};
    std::uint32_t offset = 0;
    for (std::size_t i = 0; i < blobs; ++i) {
      const auto size = static_cast<std::uint32_t>(100 + i);
      pack.blobs.push_back({type, BlobId::from_bytes(random_.bytes(32)), offset, size, 1000});
      offset += size;
    }
    return pack;
  }
  static void expect_all(const Index& index, const std::vector<IndexedPack>& packs) {
    for (const IndexedPack& pack : packs) {
      for (const PackedBlob& blob : pack.blobs) {
        const auto found = index.find({blob.type, blob.id});
        ASSERT_TRUE(found);
        EXPECT_EQ(found->pack, pack.id);
        EXPECT_EQ(found->blob, blob);
        EXPECT_TRUE(index.holds(pack.id, blob));
      }
    }
  }

  SeededRandom random_{17};
  const crypto::MasterKey key_ = crypto::MasterKey::generate(random_);
  const TemporaryDirectory folder_ = TemporaryDirectory::create("index-test").value();
};

TEST_F(IndexTest, FindsWhatWasAddedTogetherAndOneByOne) {
  Index index;
  std::vector<IndexedPack> packs;
  for (int i = 0; i < 40; ++i)
    packs.push_back(make_pack(500, i % 5 ? BlobType::data : BlobType::tree));
  index.add(std::span(packs).first(10));
  for (std::size_t i = 10; i < 12; ++i) index.add(packs[i]);
  index.add(std::span(packs).subspan(12, 20));
  index.add(std::span(packs).subspan(32));
  EXPECT_EQ(index.blob_count(), 40u * 500);
  expect_all(index, packs);
  EXPECT_FALSE(index.contains({BlobType::tree, packs[1].blobs[0].id})) << "it is data";
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(index.contains({BlobType::data, BlobId::from_bytes(random_.bytes(32))}));
  }
}

TEST_F(IndexTest, KnowsEachPlaceOfABlobThatSeveralPacksHold) {
  Index index;
  IndexedPack one = make_pack(5000);
  IndexedPack other = make_pack(5000);
  other.blobs[7].id = one.blobs[7].id;
  index.add(std::vector{one});
  index.add(std::vector{other});
  index.add(std::vector{one});
  EXPECT_TRUE(index.holds(one.id, one.blobs[7]));
  EXPECT_TRUE(index.holds(other.id, other.blobs[7]));
  EXPECT_FALSE(index.holds(other.id, other.blobs[8]) && index.holds(one.id, other.blobs[8]));
}

TEST_F(IndexTest, TakesNoMoreThan48BytesABlob) {
  constexpr std::size_t kCount = 1'000'000;
  EXPECT_LT(BlobTable::bytes_of(kCount), 48 * kCount);
}

TEST_F(IndexTest, ComesBackFromItsCache) {
  std::vector<IndexedPack> packs;
  for (int i = 0; i < 20; ++i) packs.push_back(make_pack(700));
  const std::string first(64, 'a'), second(64, 'b');
  {
    Index index;
    index.add(packs);
    index.mark_read(first);
    index.mark_read(second);
    index.save_cache(folder_.path(), key_);
  }
  Index index;
  index.load_cache(folder_.path(), key_, {first, second, std::string(64, 'c')});
  EXPECT_TRUE(index.has_read(first) && index.has_read(second));
  EXPECT_FALSE(index.has_read(std::string(64, 'c')));
  expect_all(index, packs);
  // What is added then lies beside what is mapped.
  const std::vector<IndexedPack> more = {make_pack(6000)};
  index.add(more);
  index.mark_read(std::string(64, 'c'));
  index.save_cache(folder_.path(), key_);
  Index again;
  again.load_cache(folder_.path(), key_, {first, second, std::string(64, 'c')});
  expect_all(again, packs);
  expect_all(again, more);

  Index pruned;
  pruned.load_cache(folder_.path(), key_, {first});
  EXPECT_FALSE(pruned.ever_loaded()) << "it holds what an index file said that is no more";
}

TEST_F(IndexTest, TakesNoCacheThatWasTouchedOrIsAnothers) {
  Index index;
  const std::vector<IndexedPack> packs = {make_pack(5000)};
  const std::string name(64, 'a');
  index.add(packs);
  index.mark_read(name);
  index.save_cache(folder_.path(), key_);
  const Bytes good = read_file(folder_.path() / "index.bulkhead", 1 << 20).value();
  const auto is_taken = [&](const crypto::MasterKey& key) {
    Index other;
    other.load_cache(folder_.path(), key, {name});
    return other.ever_loaded();
  };
  EXPECT_TRUE(is_taken(key_));
  EXPECT_FALSE(is_taken(crypto::MasterKey::generate(random_)));
  for (const std::size_t at : {std::size_t{0}, std::size_t{9}, good.size() / 2, good.size() - 1}) {
    Bytes touched = good;
    touched[at] ^= 1;
    ASSERT_TRUE(write_file_atomic(folder_.path() / "index.bulkhead", touched));
    EXPECT_FALSE(is_taken(key_)) << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{40}, good.size() - 1}) {
    ASSERT_TRUE(write_file_atomic(folder_.path() / "index.bulkhead", ByteView(good).first(size)));
    EXPECT_FALSE(is_taken(key_)) << size;
  }
}

TEST_F(RepositoryTest, OpensFromItsCacheAndSeesWhatCameSince) {
  for (int i = 0; i < 2500; ++i) write("many/" + std::to_string(i), std::to_string(i));
  RepositoryOptions options = quick();
  options.cache_folder = folder_.path() / "cache";
  const BackupResult first = must_back_up(folder_backup());
  for (int round = 0; round < 2; ++round) {
    auto cached = Repository::open(reach(memory_), kPassword, options);
    ASSERT_TRUE(cached && (*cached)->load_index());
    write("later", std::to_string(round));
    const BackupResult later = must_back_up(folder_backup());
    ASSERT_TRUE((*cached)->load_index());
    EXPECT_TRUE((*cached)->load_tree(later.snapshot.tree));
    EXPECT_TRUE((*cached)->load_tree(first.snapshot.tree));
  }
  EXPECT_TRUE(read_file(options.cache_folder / repository_->id() / "index.bulkhead", 1 << 20));
}

TEST(PlainTree, ReadsWhatTheGeneralReaderReads) {
  Tree tree;
  for (const auto type : {NodeType::file, NodeType::directory, NodeType::symlink,
                          NodeType::character_device, NodeType::fifo}) {
    Node node;
    node.name = "name " + std::to_string(tree.nodes.size()) + "船";
    node.type = type;
    node.mode = 04751;
    node.modified = node.accessed = WallTime(std::chrono::nanoseconds(1'600'000'000'123'456'780));
    node.changed = WallTime(std::chrono::nanoseconds(-1));
    node.uid = 4'294'967'295;
    node.user = "root";
    node.inode = 1ull << 60;
    node.links = 2;
    if (type == NodeType::file) {
      node.size = 12;
      node.content = {BlobId::of(as_bytes("a")), BlobId::of(as_bytes("b"))};
    }
    if (type == NodeType::directory) node.subtree = BlobId::of(as_bytes("c"));
    if (type == NodeType::symlink) node.link_target = "../elsewhere";
    if (type == NodeType::character_device) node.device = 259;
    tree.nodes.push_back(node);
  }
  const std::string text = encode_tree(tree);
  const auto plain = read_plain_tree(text);
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->nodes, tree.nodes);
  EXPECT_EQ(read_json_tree(text)->nodes, tree.nodes);
  EXPECT_TRUE(read_plain_tree("{\"nodes\":[]}\n")->nodes.empty());
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(read_plain_tree(std::string_view(text).substr(0, size))) << size;
  }
}

TEST(PlainTree, LeavesToTheGeneralReaderWhatIsNotPlain) {
  Node node;
  node.name = "a";
  const auto text_of = [&] { return encode_tree({{node}}); };
  EXPECT_TRUE(read_plain_tree(text_of()));
  for (const char* name : {"quote\"", "new\nline", "<&>", "back\\slash"}) {
    node.name = name;
    EXPECT_FALSE(read_plain_tree(text_of()));
    EXPECT_EQ(decode_tree(text_of())->nodes.front().name, name);
  }
  node.name = "a";
  node.extended_attributes = {{"user.x", to_bytes("y")}};
  EXPECT_FALSE(read_plain_tree(text_of()));
  EXPECT_EQ(decode_tree(text_of())->nodes.front(), node);
  EXPECT_FALSE(read_plain_tree(encode_tree({{Node{.name = "b"}, Node{.name = "a"}}})));
}

TEST(PlainTree, ReadsTimesWithOffsets) {
  std::string text = encode_tree({{Node{.name = "a"}}});
  const std::string utc = "\"mtime\":\"1970-01-01T00:00:00Z\"";
  ASSERT_NE(text.find(utc), std::string::npos);
  text.replace(text.find(utc), utc.size(), "\"mtime\":\"2020-09-30T08:15:00.5+02:00\"");
  const auto plain = read_plain_tree(text);
  ASSERT_TRUE(plain);
  EXPECT_EQ(to_rfc3339(plain->nodes.front().modified), "2020-09-30T06:15:00.5Z");
  EXPECT_EQ(read_json_tree(text)->nodes, plain->nodes);
}

}  // namespace
}  // namespace bulkhead::repository
