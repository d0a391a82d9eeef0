// What a mount shows, without one; tests/interop/mount_test.py mounts.
#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "base/file.h"
#include "repository/backup.h"
#include "repository/mount/blob_reader.h"
#include "repository/mount/inode_table.h"
#include "repository/mount/layout.h"
#include "repository/mount/time_template.h"
#include "storage/faulty.h"
#include "storage/memory.h"

namespace bulkhead::repository {
namespace {

Snapshot snapshot(std::string_view time, std::string host, std::vector<std::string> tags,
                  std::string_view name) {
  Snapshot made;
  made.time = from_rfc3339(time).value();
  made.hostname = std::move(host);
  made.tags = std::move(tags);
  made.id = SnapshotId::of(as_bytes(name));
  made.tree = BlobId::of(as_bytes(name));
  return made;
}

TEST(SnapshotFolders, ShowSnapshotsByIdTimeHostAndTag) {
  const FolderTable folders = lay_out({snapshot("2026-10-01T06:15:00.5Z", "london", {"a/b"}, "1"),
                                       snapshot("2026-10-01T06:15:00.7Z", "geneva", {}, "2"),
                                       snapshot("2026-10-02T06:15:00Z", "..", {"a/b"}, "3")});
  EXPECT_EQ(folders.at("").size(), 4u);
  EXPECT_EQ(folders.at("/ids").size(), 3u);
  const auto& times = folders.at("/snapshots");
  EXPECT_TRUE(times.contains("2026-10-01T06:15:00Z"));
  EXPECT_TRUE(times.contains("2026-10-01T06:15:00Z-1"));
  EXPECT_EQ(std::get<LatestLink>(times.at("latest")).target, "2026-10-02T06:15:00Z");
  EXPECT_EQ(folders.at("/tags/a_b").size(), 3u);
  EXPECT_TRUE(folders.at("/hosts").contains("__"));
  EXPECT_EQ(std::get<LatestLink>(folders.at("/hosts/geneva").at("latest")).target,
            "2026-10-01T06:15:00Z");
}

std::string target_of(const FolderTable& folders, const std::string& folder) {
  return std::get<LatestLink>(folders.at(folder).at("latest")).target;
}

TEST(SnapshotFolders, StandWhereTemplatesSay) {
  MountLayout layout{.path_templates = {"by user/%u/%h-%T", "%I", "days/%T", "100%%/%t/x"},
                     .time_template = "2006/Jan 02"};
  ASSERT_TRUE(require_usable(layout));
  Snapshot first = snapshot("2026-10-01T06:15:00Z", "london", {"a", "b"}, "1");
  Snapshot second = snapshot("2026-10-01T18:15:00Z", "london", {}, "2");
  first.username = second.username = "purser";
  const FolderTable folders = lay_out({first, second}, layout);
  EXPECT_TRUE(folders.at("").contains(first.id.to_hex()));
  EXPECT_TRUE(folders.at("/by user/purser/london-2026").contains("Oct 01"));
  EXPECT_TRUE(folders.at("/by user/purser/london-2026").contains("Oct 01-1"));
  EXPECT_EQ(target_of(folders, "/by user/purser"), "london-2026/Oct 01-1");
  EXPECT_EQ(target_of(folders, "/days"), "2026/Oct 01-1");
  EXPECT_TRUE(folders.at("/100%/a").contains("x") && folders.at("/100%/b").contains("x"));
  // What is there without snapshots.
  const FolderTable empty = lay_out({}, layout);
  EXPECT_EQ(empty.at("").size(), 3u);
  EXPECT_TRUE(empty.contains("/by user") && empty.contains("/days") && empty.contains("/100%"));
}

TEST(SnapshotFolders, NeverLieBelowASnapshot) {
  const MountLayout layout{.path_templates = {"%h", "%h/%T"}};
  const FolderTable folders =
      lay_out({snapshot("2026-10-01T06:15:00Z", "london", {}, "1")}, layout);
  EXPECT_TRUE(std::holds_alternative<SnapshotRoot>(folders.at("").at("london")));
  EXPECT_FALSE(folders.contains("/london"));
}

TEST(SnapshotFolders, RefuseTemplatesThatNameNoPath) {
  for (const char* wrong : {"", "/", "..", "a/../../b", "./"}) {
    EXPECT_FALSE(require_usable({.path_templates = {wrong}})) << wrong;
  }
  for (const char* wrong : {"", "/2006", "2006/", "2006/../x"}) {
    EXPECT_FALSE(require_usable({.time_template = wrong})) << wrong;
  }
}

// As Go's time.Format writes it.
TEST(TimeTemplate, WritesTimesByExample) {
  const WallTime time = from_rfc3339("2026-02-09T15:04:05.1203Z").value();
  EXPECT_EQ(format_time(time, "2006-01-02T15:04:05Z07:00"), "2026-02-09T15:04:05Z");
  EXPECT_EQ(format_time(time, "Mon Jan _2 15:04:05 MST 2006"), "Mon Feb  9 15:04:05 UTC 2026");
  EXPECT_EQ(format_time(time, "Monday, 02-Jan-06 3:04 PM -0700"),
            "Monday, 09-Feb-26 3:04 PM +0000");
  EXPECT_EQ(format_time(time, "20060102_150405.000"), "20260209_150405.120");
  EXPECT_EQ(format_time(time, "05.999999 05,9"), "05.1203 05,1");
  EXPECT_EQ(format_time(time, "January 2 1 4 5 03pm 002 __2"), "February 9 2 4 5 03pm 040  40");
  EXPECT_EQ(format_time(time, "Month January_2006"), "Month February_2026");
  const WallTime midnight = from_rfc3339("2026-02-09T00:00:00Z").value();
  EXPECT_EQ(format_time(midnight, "3:04PM 15:04:05.999"), "12:00AM 00:00:00");
}

TEST(InodeTable, GivesOneNumberUntilAllLookUpsAreForgotten) {
  InodeTable table;
  Inode inode{.kind = Inode::Kind::node};
  inode.place.position = 7;
  const InodeNumber number = table.look_up(kRootInode, "name", inode);
  EXPECT_EQ(table.look_up(kRootInode, "name", inode), number);
  EXPECT_NE(table.look_up(number, "name", inode), number);
  table.forget(number, 1);
  ASSERT_TRUE(table.find(number));
  EXPECT_EQ(table.find(number)->place.position, 7u);
  table.forget(number, 1);
  EXPECT_FALSE(table.find(number));
  EXPECT_NE(table.look_up(kRootInode, "name", inode), number);
  table.forget(kRootInode, 100);
  EXPECT_TRUE(table.find(kRootInode));
}

TEST(SharedCache, GetsOnceForAllWhoAskAndForgetsTheOldest) {
  SharedCache<std::string, int> cache(2);
  std::atomic<int> loads{0};
  const auto get = [&](const std::string& key) {
    return **cache.get(
        key,
        [&]() -> Result<int> {
          ++loads;
          return static_cast<int>(key.size());
        },
        [](int) { return std::size_t{1}; });
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_EQ(get("abc"), 3); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(loads, 1);
  get("d");
  get("abc");
  get("ef");
  EXPECT_FALSE(cache.contains("d"));
  EXPECT_TRUE(cache.contains("abc"));
  const auto failed = cache.get(
      "bad", [&]() -> Result<int> { return fail(ErrorKind::io, "no"); },
      [](int) { return std::size_t{1}; });
  EXPECT_FALSE(failed);
  EXPECT_FALSE(cache.contains("bad"));
}

TEST(BlobReader, ReadsAnyPartOfAnyFile) {
  storage::MemoryBackend memory;
  const auto never = [](const storage::Call&) { return storage::Fault::none; };
  auto repository =
      Repository::init(std::make_unique<storage::FaultyBackend>(memory, never), "password",
                       {.scrypt_n = 16}, {.lock_settle = std::chrono::milliseconds(0)})
          .value();
  const auto folder = TemporaryDirectory::create("mount-test").value();
  SeededRandom random(4);
  std::map<std::string, Bytes> contents;
  for (int i = 0; i < 40; ++i) {
    const std::size_t size = i == 7 ? 9'000'000 : i == 8 ? 0 : 100 + random.below(40'000);
    const std::string name = "file" + std::to_string(i);
    contents[name] = random.bytes(size);
    ASSERT_TRUE(write_file_atomic(folder.path() / name, contents[name]));
  }
  const auto made = backup(*repository, {.paths = {"."}, .directory = folder.path()});
  ASSERT_TRUE(made);
  BlobReader reader(*repository, 1 << 20);
  const auto tree = reader.tree(made->snapshot.tree).value();
  for (std::size_t i = 0; i < tree->nodes.size(); ++i) {
    const Bytes& wanted = contents.at(tree->nodes[i].name);
    const BlobReader::Place place{made->snapshot.tree, i};
    for (int attempt = 0; attempt < 12; ++attempt) {
      const std::uint64_t offset = attempt == 0 ? 0 : random.below(wanted.size() + 10);
      const std::size_t length = attempt == 0 ? wanted.size() + 5 : random.below(3'000'000);
      const std::size_t begin = std::min<std::size_t>(offset, wanted.size());
      const std::size_t end = std::min(begin + length, wanted.size());
      const auto got = reader.read(place, offset, length);
      ASSERT_TRUE(got) << got.error().message();
      Bytes joined;
      for (const auto& part : *got) {
        joined.insert(joined.end(), part.bytes.begin(), part.bytes.end());
      }
      EXPECT_TRUE(std::ranges::equal(joined, ByteView(wanted).subspan(begin, end - begin)));
    }
  }
}

}  // namespace
}  // namespace bulkhead::repository
