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
#include "repository/mount/snapshot_folders.h"
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
  EXPECT_TRUE(folders.at("/hosts").contains("_.."));
  EXPECT_EQ(std::get<LatestLink>(folders.at("/hosts/geneva").at("latest")).target,
            "2026-10-01T06:15:00Z");
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
