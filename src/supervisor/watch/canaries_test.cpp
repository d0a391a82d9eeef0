#include "supervisor/watch/canaries.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace bulkhead::supervisor {
namespace {

class Canaries : public ::testing::Test {
 protected:
  void SetUp() override {
    service.name = "website";
    service.canaries = {"0-codes.csv", "pages/zz-keys.csv"};
    ASSERT_TRUE(make_directories(layout.generation("website", "g1")));
  }
  Result<std::vector<analysis::Indicator>> tend(const std::string& generation = "g1") {
    return tend_canaries(layout, service, generation, random, WallTime{});
  }
  Path canary() { return layout.generation("website", "g1") / "0-codes.csv"; }

  TemporaryDirectory folder = TemporaryDirectory::create("canaries").value();
  Layout layout{folder.path()};
  ServiceConfig service;
  SeededRandom random{1};
};

TEST_F(Canaries, ArePlantedOnceAndThenOnlyLookedAt) {
  EXPECT_TRUE(tend().value().empty());
  EXPECT_TRUE(std::filesystem::exists(canary()));
  EXPECT_TRUE(tend().value().empty());
}

TEST_F(Canaries, ChangedOrMissingOnesAreIndicatorsAndAreNotPlantedAgain) {
  ASSERT_TRUE(tend());
  ASSERT_TRUE(write_file_atomic(canary(), as_bytes("encrypted")));
  std::filesystem::remove(layout.generation("website", "g1") / "pages/zz-keys.csv");
  const auto found = tend().value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].kind, analysis::IndicatorKind::canary_touched);
  EXPECT_EQ(found[1].path, "pages/zz-keys.csv");
  EXPECT_FALSE(std::filesystem::exists(layout.generation("website", "g1") / "pages/zz-keys.csv"));
}

TEST_F(Canaries, ArePlantedInAGenerationFromBeforeTheyWereChosen) {
  ASSERT_TRUE(tend());
  ASSERT_TRUE(make_directories(layout.generation("website", "g2")));
  EXPECT_TRUE(tend("g2").value().empty());
  EXPECT_TRUE(std::filesystem::exists(layout.generation("website", "g2") / "0-codes.csv"));
}

TEST_F(Canaries, ThoseThatTheEstateWasMadeWithAreTakenAsTheyAre) {
  ASSERT_TRUE(write_file_atomic(canary(), as_bytes("made with the estate")));
  EXPECT_TRUE(tend().value().empty());
  EXPECT_EQ(read_text_file(canary(), 100).value(), "made with the estate");
  ASSERT_TRUE(write_file_atomic(canary(), as_bytes("changed")));
  EXPECT_EQ(tend().value().size(), 1u);
}

TEST_F(Canaries, AreNotPlantedThroughALinkInTheDataset) {
  const Path outside = folder.path() / "outside";
  ASSERT_TRUE(make_directories(outside));
  const Path link = layout.generation("website", "g1") / "pages";
  std::filesystem::create_directory_symlink(outside, link);
  const auto refused = tend();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::corrupt);
  EXPECT_NE(refused.error().message().find(link.string()), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(outside));
}

TEST_F(Canaries, AreNotPlantedOverALinkNorThroughIt) {
  const Path outside = folder.path() / "outside.csv";
  for (const bool is_there : {true, false}) {
    if (is_there) {
      ASSERT_TRUE(write_file_atomic(outside, as_bytes("another's")));
    }
    std::filesystem::create_symlink(outside, canary());
    const auto refused = tend();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::corrupt);
    EXPECT_TRUE(std::filesystem::is_symlink(canary()));
    std::filesystem::remove(canary());
    std::filesystem::remove(outside);
  }
  EXPECT_FALSE(std::filesystem::exists(outside));
}

TEST_F(Canaries, LinkOrPipeInTheirPlaceIsAnIndicatorAndIsNotRead) {
  ASSERT_TRUE(tend());
  const Path copy = folder.path() / "copy.csv";
  std::filesystem::rename(canary(), copy);
  std::filesystem::create_symlink(copy, canary());  // the same bytes, but elsewhere
  const Path other = layout.generation("website", "g1") / "pages/zz-keys.csv";
  std::filesystem::remove(other);
  ASSERT_EQ(::mkfifo(other.c_str(), 0600), 0);
  const auto found = tend().value();
  ASSERT_EQ(found.size(), 2u);
  for (const analysis::Indicator& indicator : found) {
    EXPECT_EQ(indicator.kind, analysis::IndicatorKind::canary_touched);
    EXPECT_NE(indicator.explanation.find("no longer a file"), std::string::npos);
  }
}

TEST_F(Canaries, FolderOfOneThatBecameALinkIsAnIndicator) {
  ASSERT_TRUE(tend());
  const Path pages = layout.generation("website", "g1") / "pages";
  std::filesystem::rename(pages, folder.path() / "pages");
  std::filesystem::create_directory_symlink(folder.path() / "pages", pages);
  const auto found = tend().value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].path, "pages/zz-keys.csv");
}

}  // namespace
}  // namespace bulkhead::supervisor
