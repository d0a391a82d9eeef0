#include "analysis/content_profile.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/random.h"

namespace bulkhead::analysis {
namespace {

std::string prose(std::size_t size) {
  std::string text;
  while (text.size() < size)
    text += "The Committee noted the report of the Sub-Committee. Zażółć. ";
  return text.substr(0, size);
}

Bytes random_bytes(std::size_t size, std::uint64_t seed = 1) {
  SeededRandom random(seed);
  return random.bytes(size);
}

Bytes with_head(std::string_view head, Bytes rest) {
  Bytes bytes = to_bytes(head);
  bytes.insert(bytes.end(), rest.begin(), rest.end());
  return bytes;
}

TEST(ContentProfile, KindComesFromTheFirstBytes) {
  EXPECT_EQ(profile_content({}).kind, ContentKind::empty);
  EXPECT_EQ(profile_content(as_bytes(prose(5000))).kind, ContentKind::text);
  EXPECT_EQ(profile_content(with_head("%PDF-1.7\n", random_bytes(5000))).kind,
            ContentKind::compressed);
  EXPECT_EQ(profile_content(with_head("PK\x03\x04", random_bytes(5000))).kind,
            ContentKind::compressed);
  EXPECT_EQ(
      profile_content(with_head(std::string_view("SQLite format 3\0", 16), Bytes(5000, 0))).kind,
      ContentKind::structured);
  EXPECT_EQ(profile_content(random_bytes(5000)).kind, ContentKind::unknown);
  EXPECT_EQ(profile_content(as_bytes("PK")).kind, ContentKind::text);
}

TEST(ContentProfile, EntropyIsThatOfShannon) {
  EXPECT_DOUBLE_EQ(profile_content(Bytes(1000, 'a')).entropy_bits, 0.0);
  Bytes every;
  for (int i = 0; i < 4 * 256; ++i) every.push_back(static_cast<std::uint8_t>(i));
  EXPECT_DOUBLE_EQ(profile_content(every).entropy_bits, 8.0);
  EXPECT_DOUBLE_EQ(profile_content(every).chi_square, 0.0);
}

TEST(ContentProfile, TextCutWithinACharacterByAWindowIsStillText) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string text(shift, 'x');
    while (text.size() < 8 * kSampleWindowSize) text += "航";
    EXPECT_EQ(profile_content(as_bytes(text)).kind, ContentKind::text) << shift;
  }
}

TEST(EntropyJump, EncryptedTextIsFoundFromTheSmallestJudgedSizeOn) {
  for (const std::size_t size : {256u, 300u, 1000u, 40'000u, 500'000u}) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      EXPECT_TRUE(is_entropy_jump(profile_content(as_bytes(prose(size))),
                                  profile_content(random_bytes(size, seed))))
          << size << " bytes, seed " << seed;
    }
  }
}

TEST(EntropyJump, EncryptedPdfIsFoundAlthoughItsEntropyHardlyRises) {
  const Bytes pdf = with_head("%PDF-1.7\n", random_bytes(50'000));
  EXPECT_TRUE(is_entropy_jump(profile_content(pdf), profile_content(random_bytes(50'000, 2))));
}

TEST(EntropyJump, ReplacedPdfAndReplacedTextAreNotJumps) {
  const Bytes pdf = with_head("%PDF-1.7\n", random_bytes(50'000));
  const Bytes other = with_head("%PDF-1.4\n", random_bytes(60'000, 3));
  EXPECT_FALSE(is_entropy_jump(profile_content(pdf), profile_content(other)));
  EXPECT_FALSE(is_entropy_jump(profile_content(as_bytes(prose(900))),
                               profile_content(as_bytes(prose(90'000)))));
  EXPECT_FALSE(is_entropy_jump(profile_content(as_bytes(prose(900))), profile_content(pdf)));
}

TEST(EntropyJump, FileThatWasRandomBeforeIsNotJudged) {
  EXPECT_FALSE(is_entropy_jump(profile_content(random_bytes(9000, 4)),
                               profile_content(random_bytes(9000, 5))));
}

TEST(EntropyJump, TextEncryptedInItsMiddleOnlyIsFound) {
  const std::string before = prose(400'000);
  Bytes after = to_bytes(before);
  const Bytes noise = random_bytes(200'000);
  std::copy(noise.begin(), noise.end(), after.begin() + 100'000);
  EXPECT_TRUE(is_entropy_jump(profile_content(as_bytes(before)), profile_content(after)));
}

TEST(EntropyJump, EmptiedOrShortenedFileIsNotAJump) {
  EXPECT_FALSE(is_entropy_jump(profile_content(as_bytes(prose(900))), profile_content({})));
  EXPECT_FALSE(
      is_entropy_jump(profile_content(as_bytes(prose(900))), profile_content(random_bytes(100))));
}

TEST(ProfileFile, SeesTheSameAsProfileContent) {
  auto folder = TemporaryDirectory::create("profile").value();
  const Bytes content = random_bytes(300'000);
  ASSERT_TRUE(write_file_atomic(folder.path() / "file", content));
  const ContentProfile from_file = profile_file(folder.path() / "file").value();
  const ContentProfile from_bytes = profile_content(content);
  EXPECT_EQ(from_file.chi_square, from_bytes.chi_square);
  EXPECT_EQ(from_file.file_size, 300'000u);
}

TEST(ProfileFile, PipesAndSymbolicLinksAreRefusedAtOnce) {
  auto folder = TemporaryDirectory::create("profile").value();
  ASSERT_EQ(mkfifo((folder.path() / "pipe").c_str(), 0600), 0);
  std::filesystem::create_symlink("/etc/passwd", folder.path() / "link");
  EXPECT_FALSE(profile_file(folder.path() / "pipe"));
  EXPECT_FALSE(profile_file(folder.path() / "link"));
  EXPECT_EQ(profile_file(folder.path() / "absent").error().kind(), ErrorKind::not_found);
}

}  // namespace
}  // namespace bulkhead::analysis
