// Looking through snapshots: for files, for uses of blobs, for what differs, for how much it is.
#include "repository/find.h"

#include <unistd.h>

#include "repository/difference.h"
#include "repository/dump.h"
#include "repository/repository_fixture.h"
#include "repository/statistics.h"

namespace bulkhead::repository {
namespace {

class FindTest : public RepositoryTest {
 protected:
  std::vector<std::string> find(PathFinder& finder, const Snapshot& snapshot) {
    std::vector<std::string> paths;
    EXPECT_TRUE(finder.find(snapshot, [&](const WalkEntry& entry) -> Result<void> {
      paths.push_back(entry.path);
      return {};
    }));
    return paths;
  }
};

TEST_F(FindTest, FindsByPatternsInEachSnapshot) {
  write("a/Notes.txt", "1");
  write("b/notes.txt", "2");
  write("b/deep/x", "3");
  const Snapshot first = must_back_up(folder_backup()).snapshot;
  write("b/deep/notes.txt", "4");
  const Snapshot second = must_back_up(folder_backup()).snapshot;
  PathFinder exact(*repository_, {.patterns = {"notes.*"}});
  EXPECT_THAT(find(exact, first), testing::ElementsAre("b/notes.txt"));
  EXPECT_THAT(find(exact, second), testing::ElementsAre("b/deep/notes.txt", "b/notes.txt"));
  EXPECT_THAT(find(exact, first), testing::ElementsAre("b/notes.txt")) << "and again";
  PathFinder any_case(*repository_, {.patterns_any_case = {"NOTES.txt"}});
  EXPECT_THAT(find(any_case, first), testing::ElementsAre("a/Notes.txt", "b/notes.txt"));
  PathFinder anchored(*repository_, {.patterns = {"/a"}});
  EXPECT_THAT(find(anchored, second), testing::ElementsAre("a", "a/Notes.txt"));
  PathFinder old(*repository_, {.patterns = {"*"}, .newest = WallTime{}});
  EXPECT_THAT(find(old, second), testing::IsEmpty());
}

TEST_F(FindTest, FindsWhoUsesABlobATreeOrAPack) {
  write("a/one", "the same");
  write("b/two", "the same");
  const Snapshot made = must_back_up(folder_backup()).snapshot;
  const Node node = find_node(*repository_, made.tree, "a/one").value();
  const auto uses = [&](const BlobsWanted& wanted) {
    std::vector<std::string> paths;
    EXPECT_TRUE(find_uses(*repository_, made, wanted, [&](const BlobUse& use) -> Result<void> {
      paths.push_back(use.path);
      return {};
    }));
    return paths;
  };
  EXPECT_THAT(uses({.data = {node.content[0].to_hex().substr(0, 12)}}),
              testing::ElementsAre("/a/one", "/b/two"));
  const BlobId folder = *find_node(*repository_, made.tree, "b")->subtree;
  EXPECT_THAT(uses({.trees = {folder.to_hex()}}), testing::ElementsAre("/b"));
  EXPECT_THAT(uses({.trees = {made.tree.to_hex()}}), testing::ElementsAre("/"));
  std::size_t blobs = 0;
  const auto listed = memory_.list(storage::FileType::data);
  for (const storage::FileInfo& file : *listed) {
    const auto pack = find_pack(*repository_, file.name.substr(0, 9));
    ASSERT_TRUE(pack) << pack.error().message();
    blobs += pack->blobs.size();
    ASSERT_TRUE(memory_.remove({storage::FileType::data, file.name}));
    EXPECT_EQ(find_pack(*repository_, file.name)->blobs, pack->blobs) << "by the index";
  }
  EXPECT_EQ(blobs, 4u);
  EXPECT_EQ(find_pack(*repository_, "0123456789").error().kind(), ErrorKind::not_found);
}

TEST_F(FindTest, CountsWhatDiffers) {
  write("same/file", "1");
  write("changed", "2");
  write("gone/file", "3");
  const Snapshot before = must_back_up(folder_backup()).snapshot;
  write("changed", "22");
  write("new", "1");
  ASSERT_TRUE(remove_tree(source() / "gone"));
  const Snapshot after = must_back_up(folder_backup()).snapshot;
  std::vector<std::string> told;
  const auto summary = compare_snapshots(*repository_, before, after, {},
                                         [&](const Difference& difference) -> Result<void> {
                                           told.push_back((difference.added     ? "+ "
                                                           : difference.removed ? "- "
                                                                                : "M ") +
                                                          difference.path);
                                           return {};
                                         });
  ASSERT_TRUE(summary) << summary.error().message();
  EXPECT_THAT(told, testing::ElementsAre("M /changed", "- /gone/", "- /gone/file", "+ /new"));
  EXPECT_EQ(summary->changed_files, 1u);
  EXPECT_EQ(summary->added.files, 1u);
  EXPECT_EQ(summary->added.data_blobs, 1u) << "the new file's content is that of same/file";
  EXPECT_EQ(summary->removed.data_blobs, 2u);
  EXPECT_EQ(summary->removed.directories, 1u);
}

TEST_F(FindTest, CountsInFourWays) {
  write("one", "hello");
  write("copy", "hello");
  write("folder/other", "other content");
  ASSERT_EQ(::link((source() / "one").c_str(), (source() / "linked").c_str()), 0);
  const Snapshot made = must_back_up(folder_backup()).snapshot;
  const auto restore_size = count(*repository_, {made}, CountMode::restore_size);
  EXPECT_EQ(restore_size->files, 5u);
  EXPECT_EQ(restore_size->bytes, 23u) << "hard links once";
  const auto by_contents = count(*repository_, {made, made}, CountMode::files_by_contents);
  EXPECT_EQ(by_contents->files, 2u);
  EXPECT_EQ(by_contents->bytes, 18u);
  EXPECT_EQ(count(*repository_, {made}, CountMode::blobs_per_file)->blobs, 2u);
  const auto raw = count(*repository_, {made, made}, CountMode::raw_data);
  EXPECT_EQ(raw->blobs, 4u);
  EXPECT_GT(raw->uncompressed_bytes, 18u);
  EXPECT_FALSE(parse_count_mode("none"));
}

TEST_F(FindTest, DumpsFilesAndArchives) {
  const Bytes content = SeededRandom(6).bytes(20 << 20);
  write("folder/big", as_text(content));
  write("folder/\xff name", "odd");
  const Snapshot made = must_back_up(folder_backup()).snapshot;
  Bytes out;
  const auto sink = [&](ByteView bytes) -> Result<void> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  };
  const Node big = find_node(*repository_, made.tree, "folder/big").value();
  ASSERT_TRUE(dump_file(*repository_, big, sink));
  EXPECT_EQ(out, content);
  out.clear();
  const auto report = dump_archive(*repository_, made.tree, "", ArchiveFormat::tar, sink);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->entries, 3u);
  EXPECT_NE(as_text(out).find("folder/\xff name"), std::string_view::npos);
  // Where nobody takes the bytes, that is the error.
  const auto refused = dump_archive(
      *repository_, made.tree, "", ArchiveFormat::zip,
      [](ByteView) -> Result<void> { return fail(ErrorKind::io, "the disk is full"); });
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "the disk is full");
}

}  // namespace
}  // namespace bulkhead::repository
