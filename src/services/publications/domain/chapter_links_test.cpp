#include "services/publications/domain/chapter_links.h"

#include <gtest/gtest.h>

namespace bulkhead::services::publications {
namespace {

std::string rewritten(std::string_view xhtml) {
  return with_chapter_links(xhtml, "OPS/text/one.xhtml", [](auto file, auto fragment) {
    return file == "OPS/text/two.xhtml" ? "https://x/2?at=" + std::string(fragment) + "&l=en" : "";
  });
}

TEST(ChapterLinks, LeadToTheWholePageWhereTheyLeadToAChapter) {
  EXPECT_EQ(
      rewritten("<p><a class=\"x\" href=\"two.xhtml#a&amp;b\">two</a></p>"),
      "<p><a class=\"x\" href=\"https://x/2?at=a&amp;b&amp;l=en\" target=\"_top\">two</a></p>");
  EXPECT_EQ(rewritten("<a\n href = './two.xhtml' target='_self'  id='i'>two</a>"),
            "<a href=\"https://x/2?at=&amp;l=en\" target=\"_top\"  id='i'>two</a>");
  EXPECT_EQ(rewritten("<a href=\"../text/two.xhtml\"/>"),
            "<a href=\"https://x/2?at=&amp;l=en\" target=\"_top\"/>");
}

TEST(ChapterLinks, StayWhereTheyLeadNowhereElse) {
  for (const std::string_view same :
       {"<a href=\"#here\">x</a>", "<a href=\"one.xhtml#here\">x</a>",
        "<a href=\"three.xhtml\">x</a>", "<a href=\"https://example.org/two.xhtml\">x</a>",
        "<a href=\"../../../two.xhtml\">x</a>", "<a name=\"two.xhtml\">x</a>",
        "<abbr href=\"two.xhtml\">x</abbr>", "<a>x</a>", "<!-- <a href=\"two.xhtml\"> -->",
        "<![CDATA[<a href=\"two.xhtml\">]]>", "<a href=\"&unknown;two.xhtml\">x</a>",
        "<a href=\"two.xhtml", "<a href=two.xhtml>", "<a ", "<", "<!--", ""}) {
    EXPECT_EQ(rewritten(same), same);
  }
}

}  // namespace
}  // namespace bulkhead::services::publications
