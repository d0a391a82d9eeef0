#include "services/publications/domain/book.h"

#include <gmock/gmock.h>

#include "services/publications/domain/zip_builder.h"

namespace bulkhead::services::publications {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Book open_test_book() { return Book::from_bytes(test_book().build()).value(); }

TEST(Package, HoldsMetadataOfTheChosenIdentifier) {
  const Book book = open_test_book();
  EXPECT_EQ(book.metadata().title, "Signals & Flags");
  EXPECT_EQ(book.metadata().identifier, "urn:uuid:42");
  EXPECT_THAT(book.metadata().creators, ElementsAre("A. Haddad", "B. Ivanova"));
  EXPECT_EQ(book.metadata().language, "fr-CA");
  EXPECT_EQ(book.page_progression(), PageProgression::right_to_left);
  EXPECT_EQ(book.cover_file(), "OPS/cover.png");
}

TEST(Book, HasChaptersInReadingOrderEachOnce) {
  const Book book = open_test_book();
  ASSERT_EQ(book.chapters().size(), 2u);
  EXPECT_EQ(book.chapters()[0].file, "OPS/text/one.xhtml");
  EXPECT_EQ(book.chapters()[0].title, "One");
  EXPECT_EQ(book.chapters()[1].file, "OPS/text/two \xC3\xA9.xhtml");
  EXPECT_EQ(book.chapters()[1].title, "Two");
  EXPECT_EQ(book.chapter_of("OPS/text/two \xC3\xA9.xhtml"), 1u);
  EXPECT_EQ(book.chapter_of("OPS/style.css"), std::nullopt);
}

TEST(Book, ContentsListOfEpub3KeepsDepthAndDropsWhatLeadsOutside) {
  const Book book = open_test_book();
  std::vector<std::string> lines;
  for (const ContentsEntry& entry : book.contents()) {
    lines.push_back(std::to_string(entry.depth) + " " + entry.title + " " + entry.file + "#" +
                    entry.fragment);
  }
  EXPECT_THAT(lines, ElementsAre("0 One OPS/text/one.xhtml#", "1 One B OPS/text/one.xhtml#b",
                                 "0 Part #", "1 Two OPS/text/two \xC3\xA9.xhtml#", "1 Outside #"));
}

TEST(Book, ContentsListOfEpub2ComesFromTheNcx) {
  const auto entries = parse_ncx(
      as_bytes("<ncx xmlns=\"http://www.daisy.org/z3986/2005/ncx/\"><navMap>"
               "<navPoint><navLabel><text>A</text></navLabel><content src=\"a.xhtml\"/>"
               "<navPoint><navLabel><text>A 1</text></navLabel><content src=\"a.xhtml#x%20y\"/>"
               "</navPoint></navPoint></navMap></ncx>"),
      "OPS/toc.ncx");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[1].depth, 1);
  EXPECT_EQ((*entries)[1].file, "OPS/a.xhtml");
  EXPECT_EQ((*entries)[1].fragment, "x y");
}

TEST(Book, GivesOnlyWhatItsManifestLists) {
  const Book book = open_test_book();
  const auto css = book.resource("OPS/style.css");
  ASSERT_TRUE(css);
  EXPECT_EQ(css->media_type, "text/css");
  EXPECT_EQ(as_text(css->content), "p { margin: 0 }");
  EXPECT_EQ(book.resource("OPS/secret.txt").error().kind(), ErrorKind::not_found);
  EXPECT_EQ(book.resource("META-INF/container.xml").error().kind(), ErrorKind::not_found);
  EXPECT_TRUE(book.check());
}

TEST(Book, ABrokenContentsListStillLeavesItsChapters) {
  ZipBuilder zip;
  zip.add("mimetype", "application/epub+zip")
      .add("META-INF/container.xml", kTestContainer)
      .add("OPS/package.opf", kTestPackage)
      .add("OPS/nav.xhtml", "<html><nav")
      .add("OPS/text/one.xhtml", "<html/>");
  const auto book = Book::from_bytes(zip.build());
  ASSERT_TRUE(book) << book.error().message();
  EXPECT_EQ(book->chapters().size(), 1u);
  EXPECT_TRUE(book->contents().empty());
}

struct BadBook {
  std::string_view name;
  std::string_view media_type;
  std::string_view container;
  std::string_view package;
  std::string_view message;
};

class BadBooks : public testing::TestWithParam<BadBook> {};

TEST_P(BadBooks, AreRefusedWithTheReason) {
  ZipBuilder zip;
  zip.add("mimetype", GetParam().media_type)
      .add("META-INF/container.xml", GetParam().container)
      .add("OPS/package.opf", GetParam().package)
      .add("OPS/text/one.xhtml", "<html/>");
  const auto book = Book::from_bytes(zip.build());
  ASSERT_FALSE(book);
  EXPECT_THAT(book.error().message(), HasSubstr(GetParam().message));
}

constexpr std::string_view kEpub = "application/epub+zip";

INSTANTIATE_TEST_SUITE_P(
    Book, BadBooks,
    testing::Values(
        BadBook{"another_media_type", "text/plain", kTestContainer, kTestPackage, "is not an EPUB"},
        BadBook{"broken_container", kEpub, "<container", kTestPackage, "not well-formed"},
        BadBook{"no_package_named", kEpub, "<container/>", kTestPackage, "names no package file"},
        BadBook{"package_outside", kEpub,
                "<container><rootfiles><rootfile full-path='../x.opf' "
                "media-type='application/oebps-package+xml'/></rootfiles></container>",
                kTestPackage, "unsafe package file"},
        BadBook{"broken_package", kEpub, kTestContainer, "<package", "not well-formed"},
        BadBook{"no_title", kEpub, kTestContainer, "<package><metadata/></package>", "no title"},
        BadBook{"no_chapter", kEpub, kTestContainer,
                "<package><metadata><title>T</title></metadata></package>", "lists no chapter"},
        BadBook{"chapters_missing", kEpub, kTestContainer,
                "<package><metadata><title>T</title></metadata><manifest><item id='a' "
                "href='gone.xhtml' media-type='application/xhtml+xml'/></manifest><spine>"
                "<itemref idref='a'/></spine></package>",
                "none of the chapters"}),
    [](const auto& parameters) { return std::string(parameters.param.name); });

TEST(Book, EntitiesOfADocumentTypeAreNotExpanded) {
  std::string bomb = "<!DOCTYPE ncx [<!ENTITY a \"0123456789\">";
  for (char c = 'b'; c < 'l'; ++c) {
    bomb += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) bomb += std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += "\">";
  }
  bomb +=
      "]><ncx><navMap><navPoint><navLabel><text>&k;</text></navLabel></navPoint></navMap></ncx>";
  const auto entries = parse_ncx(as_bytes(bomb), "toc.ncx");
  ASSERT_TRUE(entries);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ((*entries)[0].title, "&k;");
}

TEST(Book, DeepNestingIsCut) {
  std::string ncx = "<ncx><navMap>";
  for (int i = 0; i < 2000; ++i) ncx += "<navPoint><navLabel><text>x</text></navLabel>";
  for (int i = 0; i < 2000; ++i) ncx += "</navPoint>";
  ncx += "</navMap></ncx>";
  const auto entries = parse_ncx(as_bytes(ncx), "toc.ncx");
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), static_cast<std::size_t>(kContentsDepthMax));
}

}  // namespace
}  // namespace bulkhead::services::publications
