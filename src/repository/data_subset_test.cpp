#include "repository/data_subset.h"

#include <set>

#include <gtest/gtest.h>

namespace bulkhead::repository {
namespace {

std::vector<SizedPack> packs_of(std::size_t count) {
  SeededRandom random(3);
  std::vector<SizedPack> packs;
  for (std::size_t i = 0; i < count; ++i) packs.push_back({PackId::of(random.bytes(8)), 10});
  return packs;
}

std::size_t chosen(std::string_view text, std::size_t of) {
  SeededRandom random(1);
  return choose_packs(packs_of(of), parse_data_subset(text).value(), random).size();
}

TEST(DataSubset, GroupsHoldEachPackOnce) {
  SeededRandom random(1);
  std::multiset<PackId> seen;
  for (const char* group : {"1/3", "2/3", "3/3"}) {
    const auto subset = parse_data_subset(group).value();
    for (const SizedPack& pack : choose_packs(packs_of(200), subset, random)) seen.insert(pack.id);
  }
  std::multiset<PackId> all;
  for (const SizedPack& pack : packs_of(200)) all.insert(pack.id);
  EXPECT_EQ(seen, all);
}

TEST(DataSubset, SharesAreOfThePacksAndNeverNone) {
  EXPECT_EQ(chosen("100%", 30), 30U);
  EXPECT_EQ(chosen("10%", 30), 3U);
  EXPECT_EQ(chosen("0.1%", 30), 1U);
  EXPECT_EQ(chosen("5%", 0), 0U);
}

TEST(DataSubset, BytesAreNotExceededButByTheFirstPack) {
  EXPECT_EQ(chosen("35", 30), 3U);
  EXPECT_EQ(chosen("5", 30), 1U);
  EXPECT_EQ(chosen("1G", 30), 30U);
}

TEST(DataSubset, OtherPacksAreChosenEachTime) {
  SeededRandom random(1);
  std::set<PackId> seen;
  const auto subset = parse_data_subset("10%").value();
  for (int i = 0; i < 100; ++i) {
    for (const SizedPack& pack : choose_packs(packs_of(30), subset, random)) seen.insert(pack.id);
  }
  EXPECT_EQ(seen.size(), 30U);
}

TEST(DataSubset, WhatIsNoPartIsRefused) {
  for (const char* wrong : {"", "0/3", "4/3", "1/257", "1/", "/3", "1/2/3", "0%", "101%", "%", "x%",
                            "nan%", "0", "-1", "5Q"}) {
    const auto subset = parse_data_subset(wrong);
    ASSERT_FALSE(subset) << wrong;
    EXPECT_EQ(subset.error().kind(), ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace bulkhead::repository
