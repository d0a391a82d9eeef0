// Whole backups, restores and checks, on a backend in memory and real folders.
#include "repository/repository.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "repository/index.h"
#include "repository/repository_fixture.h"

namespace bulkhead::repository {
namespace {

using storage::FaultyBackend;
using storage::FileType;
using storage::MemoryBackend;

TEST_F(RepositoryTest, OpensWithItsPasswordAlone) {
  EXPECT_EQ(open()->id(), repository_->id());
  const auto refused = Repository::open(reach(memory_), "another", quick());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::denied);
  MemoryBackend empty;
  EXPECT_EQ(Repository::open(reach(empty), kPassword, quick()).error().kind(),
            ErrorKind::not_found);
  EXPECT_EQ(Repository::init(reach(memory_), kPassword, {.scrypt_n = 16}).error().kind(),
            ErrorKind::conflict);
}

TEST_F(RepositoryTest, RestoresAFolderWithAllThatItHolds) {
  write("hello", "hello");
  write("deep/er/file", std::string(3'000'000, 'x'));
  write("empty", "");
  write("\xff\xfe<&>\"\n", "odd name");
  ASSERT_EQ(::truncate((source() / "hello").c_str(), 20 << 20), 0);
  ASSERT_EQ(::symlink("nowhere/\xff", (source() / "link").c_str()), 0);
  ASSERT_EQ(::link((source() / "hello").c_str(), (source() / "deep" / "again").c_str()), 0);
  ASSERT_EQ(::mkfifo((source() / "fifo").c_str(), 0640), 0);
  ASSERT_EQ(::chmod((source() / "deep").c_str(), 01755), 0);
  ASSERT_EQ(::chmod((source() / "empty").c_str(), 0400), 0);
  const timespec times[2] = {{1'000'000'000, 0}, {1'234'567'890, 987'654'321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (source() / "deep").c_str(), times, 0), 0);

  const BackupResult made = must_back_up(folder_backup());
  EXPECT_EQ(made.snapshot.summary->files_new, 5u);
  const RestoreReport report = must_restore(*open(), made.snapshot);
  EXPECT_EQ(report.files, 4u);
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());

  struct stat first{}, second{}, folder{}, sparse{};
  ASSERT_EQ(::stat((target() / "hello").c_str(), &first), 0);
  ASSERT_EQ(::stat((target() / "deep" / "again").c_str(), &second), 0);
  EXPECT_EQ(first.st_ino, second.st_ino);
  ASSERT_EQ(::stat((target() / "deep").c_str(), &folder), 0);
  EXPECT_EQ(folder.st_mode & 07777, 01755u);
  EXPECT_EQ(folder.st_mtim.tv_nsec, 987'654'321);
  EXPECT_EQ(std::filesystem::read_symlink(target() / "link").native(), "nowhere/\xff");
  ASSERT_EQ(::stat((target() / "hello").c_str(), &sparse), 0);
  EXPECT_LT(sparse.st_blocks * 512, 4 << 20) << "holes stay holes";
  expect_whole(*repository_);
}

TEST_F(RepositoryTest, KeepsUsersExtendedAttributes) {
  write("file", "x");
  if (::setxattr((source() / "file").c_str(), "user.note", "a\0b", 3, 0) != 0) {
    GTEST_SKIP() << "this file system has no extended attributes";
  }
  const BackupResult made = must_back_up(folder_backup());
  must_restore(*repository_, made.snapshot);
  char value[8];
  ASSERT_EQ(::getxattr((target() / "file").c_str(), "user.note", value, sizeof value), 3);
  EXPECT_EQ(std::string_view(value, 3), std::string_view("a\0b", 3));
}

TEST_F(RepositoryTest, PathsAreKeptAsTheyWereGiven) {
  write("data/one", "1");
  const Path file = source() / "data" / "one";
  const auto paths_of = [&](const Snapshot& snapshot) {
    std::vector<std::string> paths;
    EXPECT_TRUE(walk(*repository_, snapshot.tree, [&](const WalkEntry& entry) {
      paths.push_back(entry.path);
      return Result<WalkStep>(WalkStep::go_on);
    }));
    return paths;
  };
  const auto whole = must_back_up(folder_backup());
  EXPECT_THAT(paths_of(whole.snapshot), testing::ElementsAre("data", "data/one"));
  EXPECT_THAT(whole.snapshot.paths, testing::ElementsAre(source().native()));
  const auto relative = must_back_up({.paths = {"data/one"}, .directory = source()});
  EXPECT_THAT(paths_of(relative.snapshot), testing::ElementsAre("data", "data/one"));
  const auto absolute = must_back_up({.paths = {file.native()}});
  EXPECT_EQ("/" + paths_of(absolute.snapshot).back(), file.native());
  const auto named = must_back_up(
      {.paths = {"."}, .directory = source(), .recorded_paths = {"/datasets/website"}});
  EXPECT_THAT(named.snapshot.paths, testing::ElementsAre("/datasets/website"));
  EXPECT_FALSE(backup(*repository_, {.paths = {}}));
  EXPECT_FALSE(backup(*repository_, {.paths = {"/does/not/exist"}}));
  EXPECT_FALSE(backup(*repository_, {.paths = {"."}, .directory = folder_.path() / "missing"}));
}

TEST_F(RepositoryTest, TakesUnchangedFilesFromTheParentUnread) {
  write("same", "same");
  write("other", "before");
  must_back_up(folder_backup());
  write("other", "after!");
  write("new", "new");
  const BackupResult second = must_back_up(folder_backup());
  EXPECT_TRUE(second.snapshot.parent);
  EXPECT_EQ(second.snapshot.summary->files_unmodified, 1u);
  EXPECT_EQ(second.snapshot.summary->files_changed, 1u);
  EXPECT_EQ(second.snapshot.summary->files_new, 1u);
  must_restore(*repository_, second.snapshot);
  EXPECT_EQ(read(target() / "other"), "after!");
}

TEST_F(RepositoryTest, StoresTheSameContentOnce) {
  const Bytes content = SeededRandom(4).bytes(5 << 20);
  write("one", as_text(content));
  write("two", as_text(content));
  const BackupResult made = must_back_up(folder_backup());
  EXPECT_LT(made.snapshot.summary->data_added, content.size() + 10'000);
  BackupOptions again = folder_backup();
  again.read_all = true;
  EXPECT_EQ(must_back_up(again).snapshot.summary->data_blobs, 0u);
  must_restore(*open(), made.snapshot);
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());
}

TEST_F(RepositoryTest, TellsWhatDiffersBetweenSnapshots) {
  write("folder/kept", "kept");
  write("folder/changed", "one");
  write("gone/file", "x");
  const auto before = must_back_up(folder_backup());
  write("folder/changed", "two!");
  write("added", "new");
  ASSERT_TRUE(remove_tree(source() / "gone"));
  const auto after = must_back_up(folder_backup());
  const auto entries = diff(*repository_, before.snapshot.tree, after.snapshot.tree);
  ASSERT_TRUE(entries) << entries.error().message();
  std::map<std::string, Change> found;
  for (const DiffEntry& entry : *entries) found[entry.path] = entry.change;
  EXPECT_EQ(found["added"], Change::added);
  EXPECT_EQ(found["gone"], Change::removed);
  EXPECT_EQ(found["gone/file"], Change::removed);
  EXPECT_EQ(found["folder/changed"], Change::modified);
  EXPECT_FALSE(found.contains("folder/kept"));
  EXPECT_TRUE(diff(*repository_, after.snapshot.tree, after.snapshot.tree)->empty());
}

TEST_F(RepositoryTest, ReadsOneFileWithoutRestoringIt) {
  const Bytes content = SeededRandom(5).bytes(3 << 20);
  write("a/b", as_text(content));
  const auto made = must_back_up(folder_backup());
  const Node node = find_node(*repository_, made.snapshot.tree, "/a/b").value();
  EXPECT_EQ(load_content(*repository_, node, 4 << 20).value(), content);
  EXPECT_EQ(load_content(*repository_, node, 1 << 20).error().kind(), ErrorKind::limit);
  EXPECT_EQ(find_node(*repository_, made.snapshot.tree, "a/c").error().kind(),
            ErrorKind::not_found);
  EXPECT_EQ(find_node(*repository_, made.snapshot.tree, "a/b/c").error().kind(),
            ErrorKind::not_found);
}

TEST_F(RepositoryTest, RestoresAPart) {
  write("a/one", "1");
  write("a/two.txt", "2");
  write("b/three", "3");
  const auto made = must_back_up(folder_backup());
  must_restore(*repository_, made.snapshot, {.target = target() / "sub", .subpath = "/a"});
  EXPECT_EQ(read(target() / "sub" / "one"), "1");
  must_restore(*repository_, made.snapshot, {.target = target() / "file", .subpath = "b/three"});
  EXPECT_EQ(read(target() / "file" / "three"), "3");
  must_restore(*repository_, made.snapshot, {.target = target() / "txt", .includes = {"*.txt"}});
  EXPECT_EQ(read(target() / "txt" / "a" / "two.txt"), "2");
  EXPECT_FALSE(std::filesystem::exists(target() / "txt" / "b"));
  must_restore(*repository_, made.snapshot, {.target = target() / "not", .excludes = {"a"}});
  EXPECT_FALSE(std::filesystem::exists(target() / "not" / "a"));
}

TEST_F(RepositoryTest, RefusesATargetThatIsNotEmptyUnlessToldToReplace) {
  write("a/file", "new");
  const auto made = must_back_up(folder_backup());
  ASSERT_TRUE(make_directories(target() / "a"));
  ASSERT_TRUE(write_file_atomic(target() / "a" / "file", as_bytes("old")));
  ASSERT_TRUE(write_file_atomic(target() / "other", as_bytes("stays")));
  EXPECT_EQ(restore(*repository_, made.snapshot, {.target = target()}).error().kind(),
            ErrorKind::conflict);
  EXPECT_EQ(read(target() / "a" / "file"), "old");
  must_restore(*repository_, made.snapshot, {.target = target(), .existing = Existing::replace});
  EXPECT_EQ(read(target() / "a" / "file"), "new");
  EXPECT_EQ(read(target() / "other"), "stays");
}

TEST_F(RepositoryTest, NeverWritesThroughASymlinkInTheTarget) {
  write("a/file", "content");
  const auto made = must_back_up(folder_backup());
  const Path outside = folder_.path() / "outside";
  ASSERT_TRUE(make_directories(outside));
  ASSERT_TRUE(make_directories(target()));
  ASSERT_EQ(::symlink(outside.c_str(), (target() / "a").c_str()), 0);
  const auto report =
      restore(*repository_, made.snapshot, {.target = target(), .existing = Existing::replace});
  ASSERT_TRUE(report);
  EXPECT_TRUE(std::filesystem::is_empty(outside));
  EXPECT_FALSE(std::filesystem::is_symlink(target() / "a"));
}

TEST_F(RepositoryTest, VerifyNamesEveryDifference) {
  write("changed", "aaaa");
  write("grown", "a");
  write("missing", "a");
  write("moded", "a");
  write("typed", "a");
  const auto made = must_back_up(folder_backup());
  must_restore(*repository_, made.snapshot);
  const auto put = [&](const char* name, std::string_view content) {
    const FileDescriptor file = open_file(target() / name, O_WRONLY | O_TRUNC).value();
    ASSERT_TRUE(write_all(file.get(), as_bytes(content)));
  };
  put("changed", "aaab");
  put("grown", "aa");
  ASSERT_EQ(::unlink((target() / "missing").c_str()), 0);
  ASSERT_EQ(::chmod((target() / "moded").c_str(), 0777), 0);
  ASSERT_EQ(::unlink((target() / "typed").c_str()), 0);
  ASSERT_EQ(::symlink("x", (target() / "typed").c_str()), 0);
  ASSERT_TRUE(write_file_atomic(target() / "extra", as_bytes("x")));
  const auto found = mismatches(made.snapshot);
  EXPECT_THAT(found, testing::IsSupersetOf({"changed content", "grown size", "missing missing",
                                            "moded mode", "typed type", "extra unexpected"}));
}

TEST_F(RepositoryTest, LeavesOutWhatIsExcluded) {
  write("keep", "1");
  write("drop.tmp", "2");
  write("cache/x", "3");
  BackupOptions options = folder_backup();
  options.excludes = {"*.tmp", (source() / "cache").native()};
  const auto made = must_back_up(options);
  EXPECT_TRUE(find_node(*repository_, made.snapshot.tree, "keep"));
  EXPECT_FALSE(find_node(*repository_, made.snapshot.tree, "drop.tmp"));
  EXPECT_FALSE(find_node(*repository_, made.snapshot.tree, "cache"));
}

TEST_F(RepositoryTest, CancelledBackupLeavesNoSnapshot) {
  write("a", "1");
  const std::atomic<bool> cancel{true};
  BackupOptions options = folder_backup();
  options.cancel = &cancel;
  EXPECT_EQ(backup(*repository_, options).error().kind(), ErrorKind::unavailable);
  EXPECT_TRUE(memory_.list(FileType::snapshot)->empty());
  EXPECT_TRUE(memory_.list(FileType::lock)->empty());
}

TEST_F(RepositoryTest, BackupThatMustBeCompleteLeavesNoSnapshotThatLacksAFile) {
  write("notes.txt", "content");
  BackupOptions options;
  // It opens, and reading its first byte fails with EIO, for root too.
  const std::string unreadable = fmt::format("/proc/{}/mem", ::getpid());
  options.paths = {(source() / "notes.txt").string(), unreadable};
  options.require_complete = true;
  const auto refused = backup(*repository_, options);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr(unreadable));
  EXPECT_THAT(repository_->snapshots().value(), testing::IsEmpty());

  options.require_complete = false;
  const auto incomplete = backup(*repository_, options);
  ASSERT_TRUE(incomplete) << incomplete.error().message();
  EXPECT_EQ(incomplete->errors.size(), 1u);
  EXPECT_EQ(repository_->snapshots().value().size(), 1u);
}

TEST_F(RepositoryTest, ReportsProgressUpToTheEnd) {
  for (int i = 0; i < 20; ++i) write("file" + std::to_string(i), std::string(1000, 'x'));
  BackupProgress last;
  BackupOptions options = folder_backup();
  options.progress = [&](const BackupProgress& progress) { last = progress; };
  const auto made = must_back_up(options);
  EXPECT_EQ(last.files_done, 20u);
  EXPECT_TRUE(last.scan_finished);
  RestoreProgress restored;
  RestoreOptions to{.target = target()};
  to.progress = [&](const RestoreProgress& progress) { restored = progress; };
  must_restore(*repository_, made.snapshot, to);
  EXPECT_EQ(restored.files_done, restored.files_total);
  EXPECT_EQ(restored.bytes_done, restored.bytes_total);
}

TEST_F(RepositoryTest, FindsSnapshotsByPrefixAndAsLatest) {
  write("a", "1");
  BackupOptions options = folder_backup();
  options.tags = {"first"};
  options.time = WallTime(std::chrono::hours(100));
  const auto first = must_back_up(options);
  options.tags = {"second"};
  options.time = WallTime(std::chrono::hours(200));
  const auto second = must_back_up(options);
  EXPECT_EQ(repository_->find_snapshot("latest")->id, second.snapshot.id);
  EXPECT_EQ(repository_->find_snapshot("latest", {.tags = {{"first"}}})->id, first.snapshot.id);
  EXPECT_EQ(repository_->find_snapshot(first.snapshot.id.short_hex())->id, first.snapshot.id);
  EXPECT_EQ(repository_->find_snapshot("zz").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(repository_->snapshots()->size(), 2u);
}

TEST_F(RepositoryTest, DamagedSnapshotHidesNoOtherAndIsAnErrorOfTheCheck) {
  write("file", "content");
  const auto whole = must_back_up(folder_backup());
  write("file", "changed");
  const auto damaged = must_back_up(folder_backup());
  const storage::FileId id{FileType::snapshot, damaged.snapshot.id.to_hex()};
  Bytes bytes = memory_.load(id).value();
  bytes.back() ^= 1;
  memory_.overwrite(id, bytes);

  const auto found = open()->snapshots();
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, whole.snapshot.id);
  EXPECT_EQ(open()->find_snapshot("latest")->id, whole.snapshot.id);
  EXPECT_THAT(check(*open(), {})->errors,
              testing::ElementsAre(testing::HasSubstr(damaged.snapshot.id.short_hex())));
}

TEST_F(RepositoryTest, AllCompressionModesComeBack) {
  for (const Compression compression :
       {Compression::off, Compression::automatic, Compression::maximum}) {
    repository_ = Repository::open(reach(memory_), kPassword, quick(compression)).value();
    write("file", std::string(100'000, static_cast<char>('a' + static_cast<int>(compression))));
    const auto made = must_back_up(folder_backup());
    must_restore(*repository_, made.snapshot,
                 {.target = target() / std::to_string(static_cast<int>(compression))});
  }
  expect_whole(*repository_);
}

TEST_F(RepositoryTest, CheckFindsWhatIsMissingAndWhatIsDamaged) {
  write("file", std::string(10'000, 'x'));
  const auto made = must_back_up(folder_backup());
  expect_whole(*open());
  const auto listed = memory_.list(FileType::data);
  for (const storage::FileInfo& info : *listed) {
    const storage::FileId id{FileType::data, info.name};
    const Bytes whole = memory_.load(id).value();
    for (const std::size_t at : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
      Bytes damaged = whole;
      damaged[at] ^= 1;
      memory_.overwrite(id, damaged);
      EXPECT_FALSE(check(*open(), {.read_data = ReadData::yes})->whole());
    }
    memory_.overwrite(id, Bytes(whole.begin(), whole.end() - 1));
    EXPECT_FALSE(check(*open(), {})->whole());
    ASSERT_TRUE(memory_.remove(id));
    EXPECT_FALSE(check(*open(), {})->whole());
    memory_.overwrite(id, whole);
  }
  expect_whole(*open());
}

TEST_F(RepositoryTest, RestoreReportsDamagedFilesAndRestoresTheOthers) {
  write("small", "small");
  const Bytes content = SeededRandom(6).bytes(2 << 20);
  write("z-large", as_text(content));
  const auto made = must_back_up(folder_backup());
  const Node node = find_node(*repository_, made.snapshot.tree, "z-large").value();
  const auto location = [&] {
    return repository_->index().find({BlobType::data, node.content.back()});
  };
  ASSERT_TRUE(location());
  const storage::FileId pack{FileType::data, location()->pack.to_hex()};
  Bytes bytes = memory_.load(pack).value();
  bytes[location()->blob.offset + 20] ^= 1;
  memory_.overwrite(pack, bytes);
  const auto report = restore(*open(), made.snapshot, {.target = target()});
  ASSERT_TRUE(report);
  ASSERT_EQ(report->errors.size(), 1u);
  EXPECT_EQ(report->errors[0].path, "z-large");
  EXPECT_EQ(report->errors[0].error.kind(), ErrorKind::corrupt);
  EXPECT_EQ(read(target() / "small"), "small");
}

}  // namespace
}  // namespace bulkhead::repository
