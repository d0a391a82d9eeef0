// Restoring over what is there already: what is kept, mended, deleted, and left alone.
#include "repository/restore.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "repository/repository_fixture.h"

namespace bulkhead::repository {
namespace {

class RestoreTest : public RepositoryTest {
 protected:
  void put(const std::string& name, std::string_view content) const {
    ASSERT_TRUE(make_directories((target() / name).parent_path()));
    ASSERT_TRUE(write_file_atomic(target() / name, as_bytes(content)));
  }
  RestoreOptions over() const { return {.target = target(), .existing = Existing::replace}; }
  struct stat status_of(const std::string& name) const {
    struct stat status{};
    EXPECT_EQ(::lstat((target() / name).c_str(), &status), 0) << name;
    return status;
  }
  void set_time(const Path& path, std::int64_t seconds) const {
    const timespec times[2] = {{seconds, 0}, {seconds, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
};

TEST_F(RestoreTest, WritesOnlyTheBlobsThatDiffer) {
  Bytes content = SeededRandom(3).bytes(12 << 20);
  write("big", as_text(content));
  write("same", "same");
  const auto made = must_back_up(folder_backup());
  must_restore(*repository_, made.snapshot);
  const ino_t inode = status_of("big").st_ino;
  {
    const FileDescriptor big = open_file(target() / "big", O_WRONLY).value();
    ASSERT_EQ(::pwrite(big.get(), "damage", 6, 6 << 20), 6);
    ASSERT_EQ(::ftruncate(big.get(), 13 << 20), 0);
  }
  ASSERT_EQ(::chmod((target() / "same").c_str(), 0400), 0);
  std::map<std::string, RestoreAction> actions;
  RestoreOptions options = over();
  options.item = [&](const RestoreItem& item) { actions[item.path] = item.action; };
  std::uint64_t written = 0;
  options.progress = [&](const RestoreProgress& progress) { written = progress.bytes_done; };
  const RestoreReport report = must_restore(*repository_, made.snapshot, options);
  EXPECT_EQ(actions["big"], RestoreAction::updated);
  EXPECT_EQ(actions["same"], RestoreAction::unchanged);
  EXPECT_EQ(report.files, 1u);
  EXPECT_EQ(report.files_unchanged, 1u);
  EXPECT_LE(written, 8u << 20) << "one chunk of at most that size was damaged";
  EXPECT_EQ(status_of("big").st_ino, inode);
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());
}

TEST_F(RestoreTest, MendsHolesAndFilesThatMayNotBeWritten) {
  std::string content(6 << 20, '\0');
  content.replace(3 << 20, 5, "hello");
  write("holes", content);
  write("locked", "right");
  ASSERT_EQ(::chmod((source() / "locked").c_str(), 0400), 0);
  const auto made = must_back_up(folder_backup());
  must_restore(*repository_, made.snapshot);
  const FileDescriptor holes = open_file(target() / "holes", O_WRONLY).value();
  ASSERT_EQ(::pwrite(holes.get(), "not zeros", 9, 0), 9);
  ASSERT_EQ(::chmod((target() / "locked").c_str(), 0600), 0);
  put("locked", "wrong");
  ASSERT_EQ(::chmod((target() / "locked").c_str(), 0400), 0);
  must_restore(*repository_, made.snapshot, over());
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());
}

TEST_F(RestoreTest, NeverWritesIntoAFileThatHasAnotherName) {
  write("file", "of the snapshot");
  const auto made = must_back_up(folder_backup());
  put("outside/other", "not to be changed");
  const Path restored = target() / "restored";
  ASSERT_TRUE(make_directories(restored));
  ASSERT_EQ(::link((target() / "outside/other").c_str(), (restored / "file").c_str()), 0);
  RestoreOptions options = over();
  options.target = restored;
  must_restore(*repository_, made.snapshot, options);
  EXPECT_EQ(read(target() / "outside/other"), "not to be changed");
  EXPECT_EQ(read(restored / "file"), "of the snapshot");
}

TEST_F(RestoreTest, OverwritesAsTold) {
  for (const char* name : {"older", "newer", "fresh"}) write(name, "snapshot");
  ASSERT_EQ(::symlink("snapshot", (source() / "link").c_str()), 0);
  const auto made = must_back_up(folder_backup());
  const auto now = static_cast<std::int64_t>(::time(nullptr));
  const auto prepare = [&] {
    ASSERT_TRUE(remove_tree(target()));
    put("older", "what was there");
    put("newer", "what was there");
    set_time(target() / "older", 1'000'000'000);
    set_time(target() / "newer", now + 1000);
    ASSERT_EQ(::symlink("there", (target() / "link").c_str()), 0);
  };
  RestoreOptions options = over();
  prepare();
  options.overwrite = Overwrite::never;
  must_restore(*repository_, made.snapshot, options);
  EXPECT_EQ(read(target() / "older"), "what was there");
  EXPECT_EQ(read(target() / "newer"), "what was there");
  EXPECT_EQ(read(target() / "fresh"), "snapshot");
  EXPECT_EQ(std::filesystem::read_symlink(target() / "link"), "there");
  EXPECT_EQ(status_of("older").st_mtime, 1'000'000'000);
  prepare();
  options.overwrite = Overwrite::if_newer;
  must_restore(*repository_, made.snapshot, options);
  EXPECT_EQ(read(target() / "older"), "snapshot");
  EXPECT_EQ(read(target() / "newer"), "what was there");
  prepare();
  options.overwrite = Overwrite::always;
  must_restore(*repository_, made.snapshot, options);
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());
}

TEST_F(RestoreTest, IfChangedTrustsSizeAndTime) {
  write("file", "snapshot");
  set_time(source() / "file", 1'500'000'000);
  const auto made = must_back_up(folder_backup());
  put("file", "SNAPSHOT");
  set_time(target() / "file", 1'500'000'000);
  RestoreOptions options = over();
  options.overwrite = Overwrite::if_changed;
  EXPECT_EQ(must_restore(*repository_, made.snapshot, options).files_unchanged, 1u);
  EXPECT_EQ(read(target() / "file"), "SNAPSHOT");
  set_time(target() / "file", 1'500'000'001);
  EXPECT_EQ(must_restore(*repository_, made.snapshot, options).files, 1u);
  EXPECT_EQ(read(target() / "file"), "snapshot");
}

TEST_F(RestoreTest, DeletesWhatTheSnapshotDoesNotHave) {
  write("folder/kept", "1");
  write("becomes a file", "2");
  const auto made = must_back_up(folder_backup());
  put("folder/extra", "x");
  put("extra folder/deep/file", "x");
  put("becomes a file/within", "x");
  put("spared.log", "x");
  const Path outside = folder_.path() / "outside";
  ASSERT_TRUE(make_directories(outside));
  ASSERT_TRUE(write_file_atomic(outside / "file", as_bytes("x")));
  ASSERT_EQ(::symlink(outside.c_str(), (target() / "link out").c_str()), 0);
  RestoreOptions options = over();
  options.delete_unexpected = true;
  options.excludes = {"*.log"};
  const RestoreReport report = must_restore(*repository_, made.snapshot, options);
  EXPECT_EQ(report.deleted, 7u);
  EXPECT_THAT(mismatches(made.snapshot), testing::ElementsAre("spared.log unexpected"));
  EXPECT_TRUE(std::filesystem::exists(outside / "file")) << "a link goes, not what it points to";
}

TEST_F(RestoreTest, DeletesOnlyWhatIsIncluded) {
  write("a.txt", "1");
  write("b.bin", "2");
  const auto made = must_back_up(folder_backup());
  put("c.txt", "x");
  put("d.bin", "x");
  RestoreOptions options = over();
  options.delete_unexpected = true;
  options.includes = {"*.txt"};
  EXPECT_EQ(must_restore(*repository_, made.snapshot, options).deleted, 1u);
  EXPECT_FALSE(std::filesystem::exists(target() / "c.txt"));
  EXPECT_TRUE(std::filesystem::exists(target() / "d.bin"));
  EXPECT_FALSE(std::filesystem::exists(target() / "b.bin"));
}

TEST_F(RestoreTest, ADryRunChangesNothingAndSaysWhatItWould) {
  write("new", "1");
  write("changed", "22");
  write("same", "333");
  const auto made = must_back_up(folder_backup());
  RestoreOptions options = over();
  options.dry_run = true;
  options.delete_unexpected = true;
  EXPECT_EQ(must_restore(*repository_, made.snapshot, options).files, 3u);
  EXPECT_FALSE(std::filesystem::exists(target()));
  put("changed", "before");
  put("same", "333");
  put("extra", "x");
  std::map<std::string, RestoreAction> actions;
  options.item = [&](const RestoreItem& item) { actions[item.path] = item.action; };
  const RestoreReport report = must_restore(*repository_, made.snapshot, options);
  EXPECT_THAT(actions, testing::ElementsAre(testing::Pair("changed", RestoreAction::updated),
                                            testing::Pair("extra", RestoreAction::deleted),
                                            testing::Pair("new", RestoreAction::made),
                                            testing::Pair("same", RestoreAction::unchanged)));
  EXPECT_EQ(report.deleted, 1u);
  EXPECT_EQ(read(target() / "changed"), "before");
  EXPECT_TRUE(std::filesystem::exists(target() / "extra"));
  EXPECT_FALSE(std::filesystem::exists(target() / "new"));
}

TEST_F(RestoreTest, SparseLeavesBlocksOfZerosOut) {
  Bytes content = SeededRandom(9).bytes(1 << 20);
  std::fill(content.begin() + (64 << 10), content.end() - 10, 0);
  write("file", as_text(content));
  const auto made = must_back_up(folder_backup());
  must_restore(*repository_, made.snapshot, {.target = target(), .sparse = true});
  EXPECT_EQ(read(target() / "file"), as_text(content));
  EXPECT_LT(status_of("file").st_blocks * 512, 128 << 10);
}

TEST_F(RestoreTest, PatternsMayIgnoreCase) {
  write("A.TXT", "1");
  write("b.txt", "2");
  write("c", "3");
  const auto made = must_back_up(folder_backup());
  RestoreOptions options = over();
  options.includes_any_case = {"*.Txt"};
  options.excludes_any_case = {"B.*"};
  EXPECT_EQ(must_restore(*repository_, made.snapshot, options).files, 1u);
  EXPECT_EQ(read(target() / "A.TXT"), "1");
}

TEST_F(RestoreTest, EndsWhereTheRepositoryTurnsOutToBeLocked) {
  write("a file", "content");
  const auto made = must_back_up(folder_backup());
  RestoreOptions options = over();
  int asked = 0;
  options.settled = [&]() -> Result<void> {
    ++asked;
    return fail(ErrorKind::conflict, "locked by another");
  };
  const auto refused = restore(*repository_, made.snapshot, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "locked by another");
  options.settled = [&]() -> Result<void> {
    ++asked;
    return {};
  };
  must_restore(*repository_, made.snapshot, options);
  EXPECT_EQ(asked, 2);
  EXPECT_THAT(mismatches(made.snapshot), testing::IsEmpty());
}

}  // namespace
}  // namespace bulkhead::repository
