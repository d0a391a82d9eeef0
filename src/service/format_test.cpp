#include "service/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::service {
namespace {

const WallTime kAttack = from_rfc3339("2020-09-30T06:15:00Z").value();

TEST(Format, WritesDatesAsEachLanguageDoes) {
  EXPECT_EQ(format_date(Language::en, kAttack), "30 September 2020");
  EXPECT_EQ(format_date(Language::fr, kAttack), "30 septembre 2020");
  EXPECT_EQ(format_date(Language::es, kAttack), "30 de septiembre de 2020");
  EXPECT_EQ(format_date(Language::ar, kAttack), "30 سبتمبر 2020");
  EXPECT_EQ(format_date(Language::zh, kAttack), "2020年9月30日");
  EXPECT_EQ(format_date(Language::ru, kAttack), "30 сентября 2020\u202fг.");
}

TEST(Format, SaysThatTimesAreUtc) {
  EXPECT_EQ(format_date_time(Language::en, kAttack), "30 September 2020 at 06:15 UTC");
  EXPECT_THAT(format_date_time(Language::ar, kAttack), testing::EndsWith(" UTC"));
}

TEST(Format, GroupsDigitsAsEachLanguageDoes) {
  EXPECT_EQ(format_number(Language::en, 1'234'567), "1,234,567");
  EXPECT_EQ(format_number(Language::fr, 1'234'567), "1\u202f234\u202f567");
  EXPECT_EQ(format_number(Language::es, 1'234'567), "1.234.567");
  EXPECT_EQ(format_number(Language::ar, 1'234'567), "1,234,567");
  EXPECT_EQ(format_number(Language::ru, -12'345), "-12\u00a0345");
  EXPECT_EQ(format_decimal(Language::fr, 3.14159, 2), "3,14");
}

TEST(Format, WritesSizesInPowersOfAThousand) {
  EXPECT_EQ(format_size(Language::en, 0), "0 byte");
  EXPECT_EQ(format_size(Language::en, 1'449'000), "1.4 MB");
  EXPECT_EQ(format_size(Language::fr, 999'000'000), "999\u202fMo");
}

}  // namespace
}  // namespace bulkhead::service
