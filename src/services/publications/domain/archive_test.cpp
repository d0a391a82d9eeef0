#include "services/publications/domain/archive.h"

#include <gmock/gmock.h>

#include "services/publications/domain/zip_builder.h"

namespace bulkhead::services::publications {
namespace {

using testing::HasSubstr;

TEST(Archive, ReadsWhatIsInIt) {
  const auto archive =
      Archive::from_bytes(ZipBuilder().add("a.txt", "A").add("b/\xC3\xA9.txt", "B").build());
  ASSERT_TRUE(archive) << archive.error().message();
  EXPECT_EQ(archive->entries().size(), 2u);
  EXPECT_EQ(as_text(archive->read("a.txt").value()), "A");
  EXPECT_EQ(as_text(archive->read("b/\xC3\xA9.txt").value()), "B");
  EXPECT_EQ(archive->read("c.txt").error().kind(), ErrorKind::not_found);
}

TEST(Archive, ReadsFromAFile) {
  const auto folder = TemporaryDirectory::create("archive").value();
  const Path file = folder.path() / "a.zip";
  ASSERT_TRUE(write_file_atomic(file, ZipBuilder().add("a.txt", "A").build()));
  EXPECT_EQ(as_text(Archive::open(file).value().read("a.txt").value()), "A");
  EXPECT_EQ(Archive::open(folder.path() / "none.zip").error().kind(), ErrorKind::not_found);
}

TEST(Archive, RefusesNamesThatLeaveIt) {
  for (const std::string_view name :
       {"../a", "a/../../b", "/etc/passwd", "a//b", "c:a", "./a", "a\nb", "a\xff"}) {
    const auto archive = Archive::from_bytes(ZipBuilder().add(name, "A").build());
    ASSERT_FALSE(archive) << name;
    EXPECT_EQ(archive.error().kind(), ErrorKind::corrupt) << name;
  }
}

TEST(Archive, NameIsSafeOnlyWithoutBackslashes) {
  EXPECT_TRUE(is_safe_entry_name("a/b c.xhtml"));
  EXPECT_FALSE(is_safe_entry_name("a\\b"));
  EXPECT_FALSE(is_safe_entry_name(std::string(kEntryNameLengthMax + 1, 'a')));
}

TEST(Archive, RefusesTwoFilesOfOneName) {
  const auto archive = Archive::from_bytes(ZipBuilder().add("a", "A").add("a", "B").build());
  ASSERT_FALSE(archive);
  EXPECT_THAT(archive.error().message(), HasSubstr("twice"));
}

TEST(Archive, RefusesAFileBeyondItsSizeLimit) {
  const auto archive = Archive::from_bytes(
      ZipBuilder().add("a", "A", {.uncompressed_size = kEntrySizeMax + 1}).build());
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().kind(), ErrorKind::limit);
}

TEST(Archive, RefusesToUnpackToFarMoreThanItsSize) {
  ZipBuilder zip;
  zip.add("a", "A", {.uncompressed_size = 30u * 1024 * 1024});
  const auto archive = Archive::from_bytes(zip.build());
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().kind(), ErrorKind::limit);
}

TEST(Archive, RefusesMoreEntriesThanItsLimit) {
  ZipBuilder zip;
  for (std::size_t i = 0; i <= kArchiveEntriesMax; ++i) zip.add(std::to_string(i), "");
  const auto archive = Archive::from_bytes(zip.build());
  ASSERT_FALSE(archive);
  EXPECT_EQ(archive.error().kind(), ErrorKind::limit);
}

TEST(Archive, DoesNotTrustAnAnnouncedSize) {
  for (const std::uint32_t announced : {3u, 100u}) {
    const auto archive = Archive::from_bytes(
        ZipBuilder().add("a", "four", {.uncompressed_size = announced}).build());
    const bool is_read = archive && archive->read("a");
    EXPECT_FALSE(is_read) << announced;
  }
}

TEST(Archive, RefusesWhatIsNoArchive) {
  EXPECT_FALSE(Archive::from_bytes(to_bytes("not a ZIP file")));
  EXPECT_FALSE(Archive::from_bytes({}));
  Bytes cut = ZipBuilder().add("a", "A").build();
  cut.resize(cut.size() / 2);
  EXPECT_FALSE(Archive::from_bytes(cut));
}

}  // namespace
}  // namespace bulkhead::services::publications
