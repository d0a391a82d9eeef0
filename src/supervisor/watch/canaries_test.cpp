#include "supervisor/watch/canaries.h"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

class Canaries : public ::testing::Test {
 protected:
  void SetUp() override {
    service.name = "website";
    service.canaries = {"0-codes.csv", "pages/zz-keys.csv"};
    ASSERT_TRUE(make_directories(layout.generation("website", "g1")));
    ASSERT_TRUE(make_directories(layout.secrets()));
  }
  Result<std::vector<analysis::Indicator>> tend(const std::string& generation = "g1") {
    return tend_canaries(layout, service, generation, "secret", WallTime{});
  }
  Path canary() { return layout.generation("website", "g1") / "0-codes.csv"; }

  TemporaryDirectory folder = TemporaryDirectory::create("canaries").value();
  Layout layout{folder.path()};
  ServiceConfig service;
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

TEST_F(Canaries, FileOfTheDatasetIsNeverOverwritten) {
  ASSERT_TRUE(write_file_atomic(canary(), as_bytes("somebody's own")));
  EXPECT_EQ(tend().error().kind(), ErrorKind::conflict);
  EXPECT_EQ(read_text_file(canary(), 100).value(), "somebody's own");
}

TEST_F(Canaries, SecretIsMadeOnceAndKept) {
  const std::string secret = canary_secret(layout).value();
  EXPECT_EQ(secret.size(), 64u);
  EXPECT_EQ(canary_secret(layout).value(), secret);
}

}  // namespace
}  // namespace bulkhead::supervisor
