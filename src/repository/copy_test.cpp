// Snapshots that go into another repository, or are made anew in their own.
#include "repository/copy.h"

#include "repository/index.h"
#include "repository/pack.h"
#include "repository/repository_fixture.h"
#include "repository/rewrite.h"

namespace bulkhead::repository {
namespace {

class CopyTest : public RepositoryTest {
 protected:
  void SetUp() override {
    RepositoryTest::SetUp();
    auto made = Repository::init(reach(other_memory_), kPassword, {.scrypt_n = 16}, quick());
    ASSERT_TRUE(made);
    other_ = *std::move(made);
  }
  storage::MemoryBackend other_memory_;
  std::unique_ptr<Repository> other_;
};

TEST_F(CopyTest, CopiesWhatIsMissingAndOnlyOnce) {
  write("a/one", as_text(SeededRandom(1).bytes(3 << 20)));
  write("a/two", "2");
  const Snapshot first = must_back_up(folder_backup()).snapshot;
  write("a/two", "two");
  const Snapshot second = must_back_up(folder_backup()).snapshot;
  const auto report = copy_snapshots(*repository_, *other_, {first, second}, {});
  ASSERT_TRUE(report) << report.error().message();
  ASSERT_EQ(report->snapshots.size(), 2u);
  expect_whole(*other_);
  const Snapshot copied = other_->find_snapshot(report->snapshots[1].copy.to_hex()).value();
  EXPECT_EQ(copied.original, second.id);
  EXPECT_EQ(copied.tree, second.tree);
  EXPECT_FALSE(copied.parent);
  must_restore(*other_, copied);
  EXPECT_THAT(mismatches(second), testing::IsEmpty());

  const auto again = copy_snapshots(*repository_, *other_, {first, second}, {});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->snapshots[0].skipped && again->snapshots[1].skipped);
  EXPECT_EQ(again->blobs, 0u);
  // And back: these are copies of what is there.
  const auto back = copy_snapshots(*other_, *repository_, {copied}, {});
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->snapshots[0].skipped);
  EXPECT_FALSE(copy_snapshots(*repository_, *repository_, {first}, {}));
}

TEST_F(CopyTest, ADamagedBlobIsNotCopied) {
  write("file", as_text(SeededRandom(2).bytes(1 << 20)));
  const Snapshot made = must_back_up(folder_backup()).snapshot;
  const auto listed = memory_.list(storage::FileType::data);
  for (const storage::FileInfo& pack : *listed) {
    Bytes bytes = memory_.load({storage::FileType::data, pack.name}).value();
    bytes[20] ^= 1;
    memory_.overwrite({storage::FileType::data, pack.name}, bytes);
  }
  const auto report = copy_snapshots(*open(), *other_, {made}, {});
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::corrupt);
  EXPECT_TRUE(other_->snapshots()->empty());
}

TEST_F(CopyTest, RewritesWithoutWhatIsExcluded) {
  write("keep/file", "1");
  write("drop/secret", "2");
  write("keep/secret", "3");
  const Snapshot old = must_back_up(folder_backup()).snapshot;
  const auto done = rewrite_snapshots(*repository_, {old}, {.excludes = {"secret"}});
  ASSERT_TRUE(done) << done.error().message();
  const RewrittenSnapshot& rewritten = done->front();
  EXPECT_THAT(rewritten.left_out, testing::ElementsAre("/drop/secret", "/keep/secret"));
  ASSERT_TRUE(rewritten.made);
  EXPECT_EQ(rewritten.made->original, old.id);
  EXPECT_THAT(rewritten.made->tags, testing::ElementsAre("rewrite"));
  EXPECT_TRUE(find_node(*repository_, rewritten.made->tree, "keep/file"));
  EXPECT_TRUE(find_node(*repository_, rewritten.made->tree, "drop"));
  EXPECT_FALSE(find_node(*repository_, rewritten.made->tree, "drop/secret"));
  EXPECT_EQ(repository_->snapshots()->size(), 2u);
  expect_whole(*open());

  const auto again = rewrite_snapshots(*repository_, {*rewritten.made}, {.excludes = {"secret"}});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->front().made) << "nothing is left to leave out";
  const auto replaced = rewrite_snapshots(
      *repository_, {*rewritten.made}, {.hostname = "geneva", .add_tags = {"x"}, .forget = true});
  ASSERT_TRUE(replaced);
  EXPECT_EQ(replaced->front().made->original, old.id) << "of the first one";
  EXPECT_EQ(repository_->snapshots()->size(), 2u);
  EXPECT_FALSE(repository_->find_snapshot(rewritten.made->id.to_hex()));
}

TEST_F(CopyTest, RefusesToLoseWhatItDoesNotKnow) {
  write("file", "1");
  Snapshot old = must_back_up(folder_backup()).snapshot;
  const Bytes text = repository_->load_blob(BlobType::tree, old.tree).value();
  std::string strange(as_text(text));
  strange.replace(strange.find("\"type\""), 6, "\"beyond us\":1,\"type\"");
  // Stored as a newer program might have.
  PackBuilder builder(storage::UnnamedFile::in_memory().value());
  PackedBlob blob{.type = BlobType::tree, .id = BlobId::of(as_bytes(strange))};
  const Bytes sealed = repository_->key().seal(as_bytes(strange), repository_->random());
  blob.sealed_size = static_cast<std::uint32_t>(sealed.size());
  ASSERT_TRUE(builder.add(blob, sealed));
  const PackBuilder::Finished pack =
      PackBuilder::finish(std::move(builder), repository_->key(), repository_->random()).value();
  ASSERT_TRUE(memory_.save_file({storage::FileType::data, pack.id.to_hex()}, pack.file));
  ASSERT_TRUE(
      repository_->save_file(storage::FileType::index, encode_index({{pack.id, pack.blobs}})));
  old.tree = blob.id;
  const auto repository = open();
  const auto done = rewrite_snapshots(*repository, {old}, {.excludes = {"file"}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::corrupt);
  EXPECT_TRUE(rewrite_snapshots(*repository, {old}, {.hostname = "x"}));
}

}  // namespace
}  // namespace bulkhead::repository
