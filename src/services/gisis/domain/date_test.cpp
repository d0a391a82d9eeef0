#include "services/gisis/domain/date.h"

#include <gtest/gtest.h>

namespace bulkhead::services::gisis {
namespace {

const DateRule kUnitedStates{.forms = {DateForm::iso, DateForm::month_day_year},
                             .window_first_year = 1950};

TEST(Date, ReadsTwoDigitYearsInTheWindow) {
  EXPECT_EQ(format_date(*parse_date("7/22/94", kUnitedStates)), "1994-07-22");
  EXPECT_EQ(format_date(*parse_date("1/7/24", kUnitedStates)), "2024-01-07");
  EXPECT_EQ(format_date(*parse_date("1/7/50", kUnitedStates)), "1950-01-07");
  EXPECT_EQ(format_date(*parse_date("1/7/49", kUnitedStates)), "2049-01-07");
}

TEST(Date, ReadsAWindowThatBeginsWithinACentury) {
  const DateRule rule{.forms = {DateForm::month_day_year}, .window_first_year = 1994};
  EXPECT_EQ(format_date(*parse_date("1/1/94", rule)), "1994-01-01");
  EXPECT_EQ(format_date(*parse_date("1/1/93", rule)), "2093-01-01");
}

TEST(Date, TakesTheFormsInTheirOrder) {
  EXPECT_EQ(format_date(*parse_date("1994-07-22", kUnitedStates)), "1994-07-22");
  const DateRule europe{.forms = {DateForm::day_month_year}};
  EXPECT_EQ(format_date(*parse_date("22.07.1994", europe)), "1994-07-22");
  EXPECT_EQ(format_date(*parse_date("3/4/94", europe)), "1994-04-03");
}

TEST(Date, RefusesDaysThatDoNotExist) {
  for (const auto* text : {"", "2/29/23", "13/1/94", "0/1/94", "1/32/94", "1994-7-22", "7/22",
                           "7/22/994", "7/22/1994/1", "yesterday", "7/22/0094", "+7/22/94"}) {
    const auto date = parse_date(text, kUnitedStates);
    ASSERT_FALSE(date) << text;
    EXPECT_EQ(date.error(), Reason::not_a_date) << text;
  }
  EXPECT_TRUE(parse_date("2/29/24", kUnitedStates));
}

}  // namespace
}  // namespace bulkhead::services::gisis
