// What a backup takes and leaves, from streams too, and how it goes on after it was stopped.
#include "repository/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/index.h"
#include "repository/repository_fixture.h"
#include "repository/unlock.h"
#include "storage/discarding.h"

namespace bulkhead::repository {
namespace {

using storage::FileType;

class BackupTest : public RepositoryTest {
 protected:
  std::vector<std::string> paths_of(const Snapshot& snapshot) {
    std::vector<std::string> paths;
    EXPECT_TRUE(walk(*repository_, snapshot.tree, [&](const WalkEntry& entry) {
      paths.push_back(entry.path);
      return Result<WalkStep>(WalkStep::go_on);
    }));
    return paths;
  }
  BackupOptions stream_backup(std::string_view content, std::string name) {
    EXPECT_TRUE(write_file_atomic(folder_.path() / "stream", as_bytes(content)));
    input_ = open_file(folder_.path() / "stream", O_RDONLY).value();
    BackupOptions options;
    options.stream = StreamInput{.fd = input_.get(), .name = std::move(name), .complete = {}};
    return options;
  }
  FileDescriptor input_;
};

TEST_F(BackupTest, LeavesOutMarkedFoldersButForTheMark) {
  write("cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
  write("cache/big", "x");
  write("fake/CACHEDIR.TAG", "Signature: something else");
  write("fake/kept", "x");
  write("marked/.nobackup", "");
  write("marked/deep/file", "x");
  BackupOptions options = folder_backup();
  options.exclude_folders_with = {{"CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55"},
                                  {".nobackup", ""}};
  EXPECT_THAT(paths_of(must_back_up(options).snapshot),
              testing::ElementsAre("cache", "cache/CACHEDIR.TAG", "fake", "fake/CACHEDIR.TAG",
                                   "fake/kept", "marked", "marked/.nobackup"));
}

TEST_F(BackupTest, LeavesOutLargeFilesAndIgnoresCaseWhereTold) {
  write("large", std::string(2000, 'x'));
  write("small", std::string(1000, 'x'));
  write("Photo.JPG", "x");
  BackupOptions options = folder_backup();
  options.file_size_max = 1000;
  options.excludes_any_case = {"*.jpg"};
  const BackupResult made = must_back_up(options);
  EXPECT_THAT(paths_of(made.snapshot), testing::ElementsAre("small"));
  EXPECT_THAT(made.snapshot.excludes, testing::ElementsAre("*.jpg"));
}

TEST_F(BackupTest, KeepsMountPointsEmptyOnOneFileSystem) {
  write("file", "x");
  struct stat here{}, there{};
  ASSERT_EQ(::stat(source().c_str(), &here), 0);
  if (::stat("/proc", &there) != 0 || here.st_dev == there.st_dev) GTEST_SKIP() << "no /proc";
  BackupOptions options{.paths = {"/proc", source().native()}};
  options.excludes = {"/proc/*"};
  options.one_file_system = true;
  // Each target's own file system is taken.
  EXPECT_THAT(paths_of(must_back_up(options).snapshot), testing::Contains("proc"));
  options.paths = {"/"};
  options.excludes = {"/*", "!/proc", "!/sys"};
  const auto found = paths_of(must_back_up(options).snapshot);
  EXPECT_THAT(found, testing::Contains("proc"));
  EXPECT_THAT(found, testing::Not(testing::Contains(testing::StartsWith("proc/"))));
}

TEST_F(BackupTest, StoresAStreamAsOneFile) {
  const Bytes content = SeededRandom(7).bytes(3 << 20);
  const BackupResult made = must_back_up(stream_backup(as_text(content), "dumps/db.sql"));
  EXPECT_THAT(made.snapshot.paths, testing::ElementsAre("/dumps/db.sql"));
  const Node node = find_node(*repository_, made.snapshot.tree, "dumps/db.sql").value();
  EXPECT_EQ(node.size, content.size());
  EXPECT_EQ(node.mode, 0644u);
  EXPECT_EQ(load_content(*repository_, node, 4 << 20).value(), content);
  EXPECT_EQ(made.snapshot.summary->files_new, 1u);
  expect_whole(*repository_);
  for (const char* name : {"", "/", "../x"}) {
    EXPECT_FALSE(backup(*repository_, stream_backup("x", name))) << name;
  }
}

TEST_F(BackupTest, MakesNoSnapshotOfAStreamThatWasCutShort) {
  BackupOptions options = stream_backup("half of it", "dump");
  options.stream->complete = [] { return fail(ErrorKind::io, "the program failed"); };
  const auto made = backup(*repository_, options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message(), "the program failed");
  EXPECT_TRUE(repository_->snapshots()->empty());
}

TEST_F(BackupTest, ReportsAFileThatChangesWhileItIsReadAndReadsItAgain) {
  write("log", std::string(9 << 20, 'a'));
  write("other", "x");
  BackupOptions options = folder_backup();
  options.readers = 1;
  bool grown = false;
  // The reader is behind with "log" when the scan says that "other" was found: it reads on.
  options.progress = [&](const BackupProgress&) {
    if (std::exchange(grown, true)) return;
    const FileDescriptor log = open_file(source() / "log", O_WRONLY | O_APPEND).value();
    EXPECT_TRUE(write_all(log.get(), as_bytes("more")));
  };
  const BackupResult first = must_back_up(options);
  options.progress = nullptr;
  const BackupResult second = must_back_up(options);
  // Whether the change came in time is up to the threads; that it is not lost is not.
  if (!first.changed_while_read.empty()) {
    EXPECT_THAT(first.changed_while_read, testing::ElementsAre((source() / "log").native()));
    EXPECT_GE(second.snapshot.summary->files_changed, 1u);
  }
  const Node node = find_node(*repository_, second.snapshot.tree, "log").value();
  EXPECT_EQ(node.size, (9u << 20) + 4);
  EXPECT_TRUE(second.changed_while_read.empty());
}

TEST_F(BackupTest, SkipsTheSnapshotWhereNothingChanged) {
  write("a", "1");
  const BackupResult first = must_back_up(folder_backup());
  BackupOptions options = folder_backup();
  options.skip_if_unchanged = true;
  const BackupResult second = must_back_up(options);
  EXPECT_TRUE(second.skipped);
  EXPECT_EQ(second.snapshot.id, first.snapshot.id);
  write("a", "22");
  EXPECT_FALSE(must_back_up(options).skipped);
  EXPECT_EQ(repository_->snapshots()->size(), 2u);
}

TEST_F(BackupTest, ChoosesTheParentAsTold) {
  write("a", "1");
  BackupOptions options = folder_backup();
  options.hostname = "london";
  options.tags = {"x"};
  const SnapshotId london = must_back_up(options).snapshot.id;
  options.hostname = "geneva";
  EXPECT_FALSE(must_back_up(options).snapshot.parent);
  options.hostname = "paris";
  options.parent_choice = {.by_host = false, .by_paths = true, .by_tags = true};
  options.tags = {"y"};
  EXPECT_FALSE(must_back_up(options).snapshot.parent);
  options.parent = london;
  EXPECT_EQ(must_back_up(options).snapshot.parent, london);
}

TEST_F(BackupTest, NewInodesAloneMakeNoChangeWhereIgnored) {
  write("a", "1");
  must_back_up(folder_backup());
  // The same bytes and time in another file of the same name.
  struct stat before{};
  ASSERT_EQ(::stat((source() / "a").c_str(), &before), 0);
  write("a", "1");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, (source() / "a").c_str(), times, 0), 0);
  BackupOptions options = folder_backup();
  options.ignore_inode = options.ignore_change_time = true;
  EXPECT_EQ(must_back_up(options).snapshot.summary->files_unmodified, 1u);
  options.ignore_inode = options.ignore_change_time = false;
  options.parent = repository_->snapshots()->front().id;
  EXPECT_EQ(must_back_up(options).snapshot.summary->files_changed, 1u);
}

TEST_F(BackupTest, TellsOfEachItem) {
  write("folder/new", "1");
  std::map<std::string, ItemChange> items;
  BackupOptions options = folder_backup();
  options.item = [&](const BackupItem& item) { items[item.path] = item.change; };
  must_back_up(options);
  EXPECT_EQ(items[(source() / "folder/new").native()], ItemChange::added);
  EXPECT_EQ(items[(source() / "folder").native()], ItemChange::added);
  must_back_up(options);
  EXPECT_EQ(items[(source() / "folder/new").native()], ItemChange::unchanged);
  EXPECT_EQ(items[(source() / "folder").native()], ItemChange::unchanged);
}

TEST_F(BackupTest, ADryRunWritesNothing) {
  write("a", "1");
  const auto files = [&] {
    std::size_t count = 0;
    for (const FileType type : {FileType::data, FileType::index, FileType::snapshot}) {
      count += memory_.list(type)->size();
    }
    return count;
  };
  auto dry = Repository::open(storage::without_writing(reach(memory_)), kPassword, quick());
  ASSERT_TRUE(dry);
  const auto made = backup(**dry, folder_backup());
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->snapshot.summary->files_new, 1u);
  EXPECT_GT(made->snapshot.summary->data_added, 0u);
  EXPECT_EQ(files(), 0u);
}

TEST_F(BackupTest, ResumesFromWhatAKilledBackupStored) {
  for (int i = 0; i < 8; ++i) {
    write(std::to_string(i), as_text(SeededRandom(static_cast<std::uint64_t>(i)).bytes(3 << 20)));
  }
  // The connection ends for good at the index: all packs are there, and no index names them.
  const auto die_at_index = [](const storage::Call& call) {
    const bool index =
        call.operation == storage::Operation::save && call.id.type == storage::FileType::index;
    return index ? storage::Fault::crash_before : storage::Fault::none;
  };
  RepositoryOptions small = quick();
  small.pack_size = 4 << 20;
  auto killed = Repository::open(std::make_unique<storage::FaultyBackend>(memory_, die_at_index),
                                 kPassword, small);
  ASSERT_TRUE(killed);
  EXPECT_FALSE(backup(**killed, folder_backup()));
  killed->reset();
  ASSERT_EQ(memory_.list(FileType::lock)->size(), 1u);
  const auto packs = memory_.list(FileType::data)->size();
  ASSERT_GT(packs, 3u);

  // The lock that stayed behind is of this live process; make it one of a process that is no more.
  const LockInfo dead{.time = SystemClock().now(),
                      .hostname = list_locks(*repository_)->front().info->hostname,
                      .username = "nobody",
                      .pid = 0x7ffffff0};
  ASSERT_TRUE(repository_->save_file(FileType::lock, encode_lock(dead)));
  const BackupResult made = must_back_up(folder_backup());
  EXPECT_EQ(made.snapshot.summary->data_blobs, 0u) << "every chunk was there already";
  EXPECT_EQ(memory_.list(FileType::data)->size(), packs);
  must_restore(*open(), made.snapshot);
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());
  expect_whole(*open());
}

TEST_F(BackupTest, CancellingKeepsWhatWasStored) {
  write("a", as_text(SeededRandom(1).bytes(2 << 20)));
  write("b", "1");
  std::atomic<bool> cancel{false};
  BackupOptions options = folder_backup();
  options.cancel = &cancel;
  options.item = [&](const BackupItem&) { cancel = true; };
  EXPECT_EQ(backup(*repository_, options).error().kind(), ErrorKind::unavailable);
  EXPECT_EQ(memory_.list(FileType::index)->size(), 1u);
  expect_whole(*repository_);
}

TEST_F(BackupTest, UnlockRemovesWhatItIsToldTo) {
  const auto put = [&](std::string host, std::int64_t pid, std::chrono::minutes age) {
    ASSERT_TRUE(
        repository_->save_file(FileType::lock, encode_lock({.time = SystemClock().now() - age,
                                                            .hostname = std::move(host),
                                                            .username = "u",
                                                            .pid = pid})));
  };
  put("elsewhere", 1, std::chrono::minutes(1));
  put("elsewhere", 2, std::chrono::minutes(45));
  EXPECT_EQ(remove_locks(*repository_, LocksToRemove::stale_of_host)->size(), 0u);
  EXPECT_EQ(remove_locks(*repository_, LocksToRemove::stale)->front().info->pid, 2);
  EXPECT_EQ(memory_.list(FileType::lock)->size(), 1u);
  EXPECT_EQ(remove_locks(*repository_, LocksToRemove::all)->size(), 1u);
  EXPECT_EQ(memory_.list(FileType::lock)->size(), 0u);
}

}  // namespace
}  // namespace bulkhead::repository
