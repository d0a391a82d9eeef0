#include "services/gisis/domain/numbers.h"

#include <gtest/gtest.h>

namespace bulkhead::services::gisis {
namespace {

TEST(ImoNumber, AcceptsTheWaysPeopleWriteIt) {
  for (const auto* text : {"9074729", "IMO 9074729", "imo9074729", " 907 4729 "}) {
    const auto number = ImoNumber::parse(text);
    ASSERT_TRUE(number) << text;
    EXPECT_EQ(number->text(), "9074729");
  }
}

TEST(ImoNumber, SaysWhyItRefuses) {
  EXPECT_EQ(ImoNumber::parse("9074728").error(), Reason::check_digit);
  EXPECT_EQ(ImoNumber::parse("907472").error(), Reason::wrong_length);
  EXPECT_EQ(ImoNumber::parse("90747290").error(), Reason::wrong_length);
  EXPECT_EQ(ImoNumber::parse("90747a9").error(), Reason::not_a_number);
  EXPECT_EQ(ImoNumber::parse("IMO").error(), Reason::not_a_number);
  EXPECT_EQ(ImoNumber::parse("").error(), Reason::not_a_number);
  EXPECT_EQ(ImoNumber::parse("0000000").error(), Reason::out_of_range);
}

TEST(ImoNumber, DetectsEverySingleWrongDigitOfTheCheckDigitItself) {
  for (char last = '0'; last <= '9'; ++last) {
    EXPECT_EQ(ImoNumber::parse(std::string("907472") + last).has_value(), last == '9');
  }
}

TEST(CompanyNumber, HasItsOwnCheckDigit) {
  EXPECT_EQ(CompanyNumber::parse("2041999")->text(), "2041999");
  EXPECT_EQ(CompanyNumber::parse("2041998").error(), Reason::check_digit);
  EXPECT_EQ(CompanyNumber::parse("204199").error(), Reason::wrong_length);
}

TEST(Mmsi, IsNineDigitsOfAShipStation) {
  EXPECT_EQ(Mmsi::parse("232003141")->text(), "232003141");
  EXPECT_EQ(Mmsi::parse("1073727001").error(), Reason::wrong_length);
  EXPECT_EQ(Mmsi::parse("002320014").error(), Reason::out_of_range);
  EXPECT_EQ(Mmsi::parse("993250540").error(), Reason::out_of_range);
  EXPECT_EQ(Mmsi::parse("n/a").error(), Reason::not_a_number);
}

}  // namespace
}  // namespace bulkhead::services::gisis
