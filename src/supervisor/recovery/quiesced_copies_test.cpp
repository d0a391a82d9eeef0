#include "supervisor/recovery/quiesced_copies.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

class QuiescedCopies : public ::testing::Test {
 protected:
  void SetUp() override { write(outside(), "site.sqlite", "another's"); }
  static void write(const Path& folder, const Path& name, std::string_view content) {
    ASSERT_TRUE(make_directories((folder / name).parent_path()));
    ASSERT_TRUE(write_file_atomic(folder / name, as_bytes(content)));
  }
  static std::string read(const Path& path) { return read_text_file(path, 100).value_or("absent"); }
  void expect_refused(const Path& named) {
    const auto settled = settle_quiesced_copies(generation());
    ASSERT_FALSE(settled);
    EXPECT_EQ(settled.error().kind(), ErrorKind::corrupt);
    EXPECT_THAT(settled.error().message(), ::testing::HasSubstr((generation() / named).string()));
    EXPECT_EQ(read(outside() / "site.sqlite"), "another's");
  }
  Path generation() const { return folder_.path() / "g2"; }
  Path outside() const { return folder_.path() / "outside"; }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("quiesced").value();
};

TEST_F(QuiescedCopies, ReplaceTheFilesAndTakeTheirJournalsAway) {
  write(generation(), "data/site.sqlite", "torn");
  write(generation(), "data/site.sqlite-wal", "torn");
  write(generation(), ".quiesced/data/site.sqlite", "whole");
  write(generation(), ".quiesced/new/other.sqlite", "whole");
  EXPECT_EQ(settle_quiesced_copies(generation()).value(), 2u);
  EXPECT_EQ(read(generation() / "data/site.sqlite"), "whole");
  EXPECT_EQ(read(generation() / "data/site.sqlite-wal"), "absent");
  EXPECT_EQ(read(generation() / "new/other.sqlite"), "whole");
  EXPECT_EQ(settle_quiesced_copies(generation()).value(), 0u) << "they are in place";
}

TEST_F(QuiescedCopies, FolderThatIsALinkIsRefused) {
  ASSERT_TRUE(make_directories(generation()));
  std::filesystem::create_directory_symlink(outside(), generation() / ".quiesced");
  expect_refused(".quiesced");
}

TEST_F(QuiescedCopies, CopyThatIsALinkIsRefusedBeforeAnythingIsChanged) {
  write(generation(), "a.sqlite", "torn");
  write(generation(), ".quiesced/a.sqlite", "whole");
  std::filesystem::create_symlink(outside() / "site.sqlite",
                                  generation() / ".quiesced/site.sqlite");
  expect_refused(".quiesced/site.sqlite");
  EXPECT_EQ(read(generation() / "a.sqlite"), "torn");
}

TEST_F(QuiescedCopies, AreNotPutThroughALinkInTheDataset) {
  write(generation(), ".quiesced/data/site.sqlite", "of the attacker");
  std::filesystem::create_directory_symlink(outside(), generation() / "data");
  expect_refused("data");
}

}  // namespace
}  // namespace bulkhead::supervisor
