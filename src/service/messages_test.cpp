#include "service/messages.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::service {
namespace {

using testing::HasSubstr;

constexpr std::string_view kNames[] = {"messages/en.toml", "messages/fr.toml", "messages/es.toml",
                                       "messages/ar.toml", "messages/zh.toml", "messages/ru.toml"};

// The same text in all six languages, but for `other` in one of them.
std::vector<EmbeddedFile> files(std::string_view text, std::string_view name = "",
                                std::string_view other = "") {
  std::vector<EmbeddedFile> all;
  for (const std::string_view file : kNames) all.push_back({file, file == name ? other : text});
  return all;
}

std::string problem_of(const std::vector<EmbeddedFile>& source) {
  const auto catalogue = Catalogue::load({source});
  return catalogue ? "" : catalogue.error().message();
}

TEST(Catalogue, FillsPlaceholders) {
  const auto source = files("[ports]\nshown = '{first} to {last}, {first} again'\n");
  const auto catalogue = Catalogue::load({source});
  ASSERT_TRUE(catalogue) << catalogue.error().message();
  EXPECT_EQ(catalogue->text(Language::en, "ports.shown", {{"first", "{last}"}, {"last", "9"}}),
            "{last} to 9, {last} again");
}

TEST(Catalogue, ShowsAKeyThatIsNotThere) {
  const auto source = files("a = 'A'\n");
  const auto catalogue = Catalogue::load({source});
  ASSERT_TRUE(catalogue);
  EXPECT_EQ(catalogue->text(Language::fr, "b"), "⟦b⟧");
  EXPECT_TRUE(catalogue->has("a"));
  EXPECT_FALSE(catalogue->has("b"));
}

TEST(Catalogue, RefusesWhatOneLanguageLacks) {
  EXPECT_THAT(problem_of(files("a = 'A'\nb = 'B'\n", "messages/ru.toml", "a = 'A'\n")),
              HasSubstr("messages/ru.toml: missing: b"));
  EXPECT_THAT(problem_of(files("a = 'A'\n", "messages/zh.toml", "a = ' '\n")),
              HasSubstr("messages/zh.toml: empty: a"));
  EXPECT_THAT(problem_of(files("a = 'A'\n", "messages/es.toml", "a = 'A'\nc = 'C'\n")),
              HasSubstr("messages/es.toml: not in English: c"));
  EXPECT_THAT(problem_of(files("a = '{n} A'\n", "messages/fr.toml", "a = '{m} A'\n")),
              HasSubstr("messages/fr.toml: placeholders differ from English: a"));
}

TEST(Catalogue, RefusesWhatIsNoCatalogue) {
  EXPECT_THAT(problem_of(files("a = 1\n")), HasSubstr("messages/en.toml:1"));
  EXPECT_THAT(problem_of(files("a = \n")), HasSubstr("messages/en.toml"));
}

TEST(Catalogue, RefusesAKeyThatTwoSourcesGive) {
  const auto one = files("a = 'A'\n");
  const auto catalogue = Catalogue::load({one, one});
  ASSERT_FALSE(catalogue);
  EXPECT_THAT(catalogue.error().message(), HasSubstr("given twice: a"));
}

TEST(Catalogue, WantsThePluralFormsOfEachLanguage) {
  const std::string problem =
      problem_of(files("n = { one = '{count} port', other = '{count} ports' }\n"));
  EXPECT_THAT(problem, HasSubstr("messages/ar.toml: plural form missing: n.few"));
  EXPECT_THAT(problem, HasSubstr("messages/ru.toml: plural form missing: n.many"));
  EXPECT_THAT(problem, testing::Not(HasSubstr("messages/zh.toml")));
}

TEST(Catalogue, ChoosesThePluralForm) {
  const auto source = files(
      "[n]\nzero = 'zero'\none = 'one {count}'\ntwo = 'two'\nfew = 'few {count}'\n"
      "many = 'many {count}'\nother = 'other {count}'\n");
  const auto catalogue = Catalogue::load({source});
  ASSERT_TRUE(catalogue) << catalogue.error().message();
  EXPECT_EQ(catalogue->plural(Language::en, "n", 1), "one 1");
  EXPECT_EQ(catalogue->plural(Language::en, "n", 1634), "other 1,634");
  EXPECT_EQ(catalogue->plural(Language::ar, "n", 2), "two");
}

struct PluralCase {
  Language language;
  std::int64_t count;
  std::string_view category;
};

class PluralRule : public testing::TestWithParam<PluralCase> {};

TEST_P(PluralRule, IsThatOfTheUnicodeData) {
  const PluralCase& param = GetParam();
  EXPECT_EQ(plural_category(param.language, param.count), param.category)
      << code_of(param.language) << " " << param.count;
}

INSTANTIATE_TEST_SUITE_P(
    Languages, PluralRule,
    testing::Values(PluralCase{Language::en, 0, "other"}, PluralCase{Language::en, 1, "one"},
                    PluralCase{Language::fr, 0, "one"}, PluralCase{Language::fr, 2, "other"},
                    PluralCase{Language::es, 1'000'000, "many"},
                    PluralCase{Language::ar, 0, "zero"}, PluralCase{Language::ar, 2, "two"},
                    PluralCase{Language::ar, 3, "few"}, PluralCase{Language::ar, 11, "many"},
                    PluralCase{Language::ar, 100, "other"}, PluralCase{Language::ar, 110, "few"},
                    PluralCase{Language::zh, 1, "other"}, PluralCase{Language::ru, 1, "one"},
                    PluralCase{Language::ru, 11, "many"}, PluralCase{Language::ru, 21, "one"},
                    PluralCase{Language::ru, 22, "few"}, PluralCase{Language::ru, 112, "many"}),
    [](const auto& tested) {
      return std::string(code_of(tested.param.language)) + std::to_string(tested.param.count);
    });

}  // namespace
}  // namespace bulkhead::service
