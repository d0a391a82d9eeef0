#include "services/website/domain/document.h"

#include <gmock/gmock.h>

#include "services/website/domain/markdown.h"

namespace bulkhead::services::website {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kAbout =
    "+++\ntitle = \"About us\"\ndescription = \"Who we are.\"\norder = 10\n+++\n"
    "We keep *ships* safe.\n";

TEST(Document, HoldsFrontMatterAndRenderedText) {
  const auto document = parse_document(kAbout, "about/en.md");
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ(document->title, "About us");
  EXPECT_EQ(document->description, "Who we are.");
  EXPECT_EQ(document->menu_order, 10);
  EXPECT_FALSE(document->is_sample);
  EXPECT_EQ(document->html, "<p>We keep <em>ships</em> safe.</p>\n");
  EXPECT_EQ(document->text, "We keep ships safe.");
}

TEST(Document, MenuTitleIsTheTitleUnlessAShorterOneIsGiven) {
  EXPECT_EQ(parse_document(kAbout, "x.md").value().menu_title, "About us");
  EXPECT_EQ(parse_document(
                "+++\ntitle = \"A long title\"\ndescription = \"B\"\nmenu = \"A\"\n+++\n", "x.md")
                .value()
                .menu_title,
            "A");
}

TEST(Document, AcceptsLineEndsOfWindows) {
  const auto document =
      parse_document("+++\r\ntitle = \"A\"\r\ndescription = \"B\"\r\n+++\r\nText\r\n", "x.md");
  ASSERT_TRUE(document) << document.error().message();
  EXPECT_EQ(document->text, "Text");
}

struct BadDocument {
  std::string_view name;
  std::string_view content;
  std::string_view message;
};

class BadDocuments : public testing::TestWithParam<BadDocument> {};

TEST_P(BadDocuments, AreRefusedWithPlaceAndReason) {
  const auto document = parse_document(GetParam().content, "x.md");
  ASSERT_FALSE(document);
  EXPECT_EQ(document.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(document.error().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(
    Document, BadDocuments,
    testing::Values(
        BadDocument{"empty", "", "x.md:1: must begin with a line +++"},
        BadDocument{"no_front_matter", "# Title\n", "x.md:1: must begin with a line +++"},
        BadDocument{"unclosed", "+++\ntitle = \"A\"\n", "no second line +++"},
        BadDocument{"no_title", "+++\ndescription = \"B\"\n+++\n", "title is missing"},
        BadDocument{"empty_title", "+++\ntitle = \" \"\ndescription = \"B\"\n+++\n",
                    "x.md:2: title: must not be empty"},
        BadDocument{"no_description", "+++\ntitle = \"A\"\n+++\n", "description is missing"},
        BadDocument{"misspelt_key", "+++\ntitle = \"A\"\ndescription = \"B\"\nordr = 3\n+++\n",
                    "x.md:4: ordr: is not a known key; did you mean \"order\"?"},
        BadDocument{"broken_toml", "+++\ntitle = \n+++\n", "x.md:2"},
        BadDocument{"not_utf8", "+++\ntitle = \"A\xff\"\ndescription = \"B\"\n+++\n",
                    "is not UTF-8"}),
    [](const auto& parameters) { return std::string(parameters.param.name); });

TEST(Markdown, LeavesOutRawHtmlAndDangerousLinks) {
  const auto rendered = render_markdown(
      "<script>alert(1)</script>\n\n<img src=x onerror=alert(1)>\n\n"
      "[a](javascript:alert(1)) [b](https://example.org/)\n");
  ASSERT_TRUE(rendered);
  EXPECT_THAT(rendered->html, Not(HasSubstr("<script")));
  EXPECT_THAT(rendered->html, Not(HasSubstr("onerror")));
  EXPECT_THAT(rendered->html, Not(HasSubstr("javascript:")));
  EXPECT_THAT(rendered->html, HasSubstr("href=\"https://example.org/\""));
}

TEST(Markdown, LeavesTheFirstHeadingLevelToThePage) {
  const auto rendered = render_markdown("# One\n\n## Two\n");
  ASSERT_TRUE(rendered);
  EXPECT_EQ(rendered->html, "<h2>One</h2>\n<h2>Two</h2>\n");
  EXPECT_EQ(rendered->text, "One Two");
}

TEST(Markdown, RendersTables) {
  const auto rendered = render_markdown("| a | b |\n|---|---|\n| 1 | 2 |\n");
  ASSERT_TRUE(rendered);
  EXPECT_THAT(rendered->html, HasSubstr("<table>"));
  EXPECT_EQ(rendered->text, "a b 1 2");
}

TEST(Markdown, RefusesMoreThanItsLimit) {
  const auto rendered = render_markdown(std::string(kMarkdownSizeMax + 1, 'a'));
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().kind(), ErrorKind::limit);
}

TEST(NewsSlug, BeginsWithADateOfTheCalendar) {
  EXPECT_EQ(date_of_slug("2026-09-30-services-restored").value(), "2026-09-30");
  EXPECT_FALSE(date_of_slug("2026-02-30-never"));
  EXPECT_FALSE(date_of_slug("2026-09-30"));
  EXPECT_FALSE(date_of_slug("services-restored"));
}

TEST(PathSegment, AllowsNothingThatLeavesTheFolder) {
  EXPECT_TRUE(is_path_segment("polar-code-2"));
  for (const std::string_view bad : {"", ".", "..", "a/b", "A", "a b", "é"}) {
    EXPECT_FALSE(is_path_segment(bad)) << bad;
  }
}

}  // namespace
}  // namespace bulkhead::services::website
