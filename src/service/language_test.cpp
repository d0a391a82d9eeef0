#include "service/language.h"

#include <string>

#include <gtest/gtest.h>

namespace bulkhead::service {
namespace {

TEST(Language, IsTheBestOfTheAcceptLanguageHeader) {
  EXPECT_EQ(negotiate_language("fr"), Language::fr);
  EXPECT_EQ(negotiate_language("de-DE, zh-Hans-CN;q=0.8, en;q=0.5"), Language::zh);
  EXPECT_EQ(negotiate_language("en;q=0.2, ES;q=0.25"), Language::es);
  EXPECT_EQ(negotiate_language("ar, ru"), Language::ar);
}

TEST(Language, IsEnglishWhereNothingFits) {
  EXPECT_EQ(negotiate_language(""), Language::en);
  EXPECT_EQ(negotiate_language("de, *"), Language::en);
  EXPECT_EQ(negotiate_language("fr;q=0"), Language::en);
  EXPECT_EQ(negotiate_language("fr;q=zzz, ;;;,,, =q"), Language::en);
}

TEST(Language, LooksAtAFewRangesOnly) {
  std::string header;
  for (int i = 0; i < 1000; ++i) header += "de,";
  EXPECT_EQ(negotiate_language(header + "fr"), Language::en);
}

TEST(Language, HasAnExactCode) {
  for (const Language language : kLanguages) {
    EXPECT_EQ(language_from_code(code_of(language)), language);
  }
  EXPECT_FALSE(language_from_code("FR"));
  EXPECT_FALSE(language_from_code("fr-FR"));
  EXPECT_FALSE(language_from_code(""));
}

TEST(Language, RunsFromRightToLeftInArabicOnly) {
  for (const Language language : kLanguages) {
    EXPECT_EQ(direction_of(language), language == Language::ar ? "rtl" : "ltr");
  }
}

}  // namespace
}  // namespace bulkhead::service
