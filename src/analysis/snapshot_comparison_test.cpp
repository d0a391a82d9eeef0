#include "analysis/snapshot_comparison.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace bulkhead::analysis {
namespace {

const ComparisonInput kInput{.service = "website",
                             .time = from_rfc3339("2020-09-30T06:00:00Z").value(),
                             .canaries = {"0-canary.csv"}};

ContentProfile legible() { return profile_content(Bytes(1000, 'a')); }
ContentProfile illegible() {
  SeededRandom random(7);
  return profile_content(random.bytes(1000));
}
Result<ContentProfile> nothing_changed(Side, const std::string&) { return legible(); }
Result<ContentProfile> all_encrypted(Side side, const std::string&) {
  return side == Side::before ? legible() : illegible();
}

Listing files(int count, const std::string& content = "1") {
  Listing listing{{"0-canary.csv", "canary"}};
  for (int i = 0; i < count; ++i) listing["pages/" + std::to_string(i) + ".md"] = content;
  return listing;
}

TEST(Difference, NamesWhatWasAddedRemovedAndChanged) {
  const ListingDifference changes =
      difference({{"a", "1"}, {"b", "1"}, {"c", "1"}}, {{"b", "2"}, {"c", "1"}, {"d", "1"}});
  EXPECT_EQ(changes.added, std::vector<std::string>{"d"});
  EXPECT_EQ(changes.removed, std::vector<std::string>{"a"});
  EXPECT_EQ(changes.changed, std::vector<std::string>{"b"});
  EXPECT_EQ(changes.damaged(), 2u);
}

TEST(CompareListings, OrdinaryEditingHasNoIndicator) {
  Listing after = files(50, "2");
  after["news/new.md"] = "1";
  after.erase("pages/3.md");
  EXPECT_TRUE(compare_listings(kInput, files(50), after, nothing_changed).value().empty());
}

TEST(CompareListings, EncryptionIsFoundOnceWithTheNumberOfFiles) {
  const auto found = compare_listings(kInput, files(50), files(50, "2"), all_encrypted).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, IndicatorKind::entropy_jump);
  EXPECT_EQ(found[0].explanation, "50 of 50 changed files became as if encrypted");
  EXPECT_EQ(found[0].time, kInput.time);
}

TEST(CompareListings, TouchedCanaryIsFoundAndAMissingOneToo) {
  Listing changed = files(3);
  changed["0-canary.csv"] = "other";
  EXPECT_EQ(compare_listings(kInput, files(3), changed, nothing_changed).value().at(0).kind,
            IndicatorKind::canary_touched);
  Listing gone = files(3);
  gone.erase("0-canary.csv");
  EXPECT_EQ(compare_listings(kInput, files(3), gone, nothing_changed).value().at(0).explanation,
            "the canary is gone");
}

TEST(CompareListings, CanaryPlantedSinceIsNoIndicator) {
  Listing before = files(3);
  before.erase("0-canary.csv");
  EXPECT_TRUE(compare_listings(kInput, before, files(3), nothing_changed).value().empty());
}

TEST(CompareListings, RemovalOfMostFilesAndRansomNamesAreFound) {
  Listing after = files(5);
  after["pages/0.md.locked"] = "x";
  const auto found = compare_listings(kInput, files(50), after, nothing_changed).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].kind, IndicatorKind::ransom_sign);
  EXPECT_EQ(found[1].kind, IndicatorKind::mass_change);
}

// 8 of 50 files encrypted under other names: too few to be a mass removal.
Listing renamed(const std::function<std::string(int)>& name) {
  Listing listing = files(50);
  for (int i = 0; i < 8; ++i) {
    listing.erase("pages/" + std::to_string(i) + ".md");
    listing["pages/" + name(i)] = "2";
  }
  return listing;
}

TEST(CompareListings, EncryptionIntoFilesOfAnUnknownEndingIsAMassChange) {
  for (const char* ending : {".md.x7f3", ".x7f3"}) {
    const Listing after = renamed([&](int i) { return std::to_string(i) + ending; });
    const auto found = compare_listings(kInput, files(50), after, all_encrypted).value();
    ASSERT_EQ(found.size(), 1u) << ending;
    EXPECT_EQ(found[0].kind, IndicatorKind::mass_change);
    EXPECT_EQ(found[0].explanation,
              "8 legible files are gone since the snapshot before, and 8 new ones are as if "
              "encrypted");
  }
}

TEST(CompareListings, EncryptionIntoFilesOfRandomNamesIsAMassChange) {
  const Listing after = renamed([](int i) { return "c0ffee" + std::to_string(i * 7919); });
  const auto found = compare_listings(kInput, files(50), after, all_encrypted).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, IndicatorKind::mass_change);
}

TEST(CompareListings, FilesRenamedAndStillLegibleAreNoIndicator) {
  const Listing after = renamed([](int i) { return std::to_string(i) + ".markdown"; });
  EXPECT_TRUE(compare_listings(kInput, files(50), after, nothing_changed).value().empty());
}

TEST(CompareListings, ThreeRenamedEncryptedFilesAreEnoughWhereTheirNamesTellOfTheOld) {
  Listing after = files(50);
  for (const char* page : {"1", "2", "3"}) {
    after.erase("pages/" + std::string(page) + ".md");
    after["pages/" + std::string(page) + ".md.q"] = "2";
  }
  EXPECT_EQ(compare_listings(kInput, files(50), after, all_encrypted).value().size(), 1u);
}

TEST(CompareListings, DecoysThatSortFirstDoNotHideWhatFollows) {
  Listing before = files(50);
  Listing after = files(50, "2");
  for (int i = 0; i < 100; ++i) {
    before["0-decoy/" + std::to_string(i)] = "1";
    after["0-decoy/" + std::to_string(i)] = "2";
  }
  const Profiler decoys_are_legible = [](Side side, const std::string& path) {
    return path.starts_with("0-decoy") ? nothing_changed(side, path) : all_encrypted(side, path);
  };
  const auto found =
      compare_listings(kInput, before, after, decoys_are_legible, {.profiled_max = 50}).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, IndicatorKind::entropy_jump);
}

TEST(CompareListings, UnreadableContentIsAnErrorThatNamesTheFile) {
  const auto result = compare_listings(kInput, files(1), files(1, "2"),
                                       [](Side, const std::string&) -> Result<ContentProfile> {
                                         return fail(ErrorKind::corrupt, "blob is damaged");
                                       });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message(), "pages/0.md: blob is damaged");
}

}  // namespace
}  // namespace bulkhead::analysis
