#include "services/publications/publications.h"

#include <gmock/gmock.h>
#include <pugixml.hpp>

#include "service/testing.h"
#include "services/publications/domain/zip_builder.h"
#include "services/publications/pages/book_files.h"

namespace bulkhead::services::publications {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kSite = "publications.example";
constexpr std::string_view kBooks = "books.publications.example";

class Publications : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(folder_.path() / "books"));
    write("flags.epub", test_book().build());
    write("flags.toml", as_bytes("code = \"IB200F\"\nsample = true\n"));
    auto started = service::ServiceUnderTest::start(definition(), set_up, folder_.path());
    ASSERT_TRUE(started) << started.error().message();
    service_ = *std::move(started);
  }
  void write(const std::string& name, ByteView content) {
    ASSERT_TRUE(write_file_atomic(folder_.path() / "books" / name, content));
  }
  http::Response ask(std::string_view host, const std::string& target) {
    service::TestRequest request{.target = target};
    request.headers.set("Host", std::string(host));
    return service_->send(request);
  }
  std::string body(const std::string& target, int status = 200) {
    http::Response response = ask(kSite, target);
    EXPECT_EQ(response.status, status) << target;
    return service_->body_of(response);
  }
  pugi::xml_document xml(const std::string& target) {
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(body(target).c_str())) << target;
    return document;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("publications").value();
  std::unique_ptr<service::ServiceUnderTest> service_;
};

TEST_F(Publications, CatalogueListsTheBookInItsOwnLanguage) {
  const std::string page = body("/ar");
  EXPECT_THAT(page, HasSubstr("<html lang=\"ar\" dir=\"rtl\""));
  EXPECT_THAT(page, HasSubstr("lang=\"fr\" dir=\"ltr\""));
  EXPECT_THAT(page, HasSubstr("Signals &amp; Flags"));
  EXPECT_THAT(page, HasSubstr("src=\"/covers/flags\""));
  EXPECT_THAT(page, HasSubstr("profile=opds-catalog"));
}

TEST_F(Publications, CatalogueIsSearchedAndFilteredByTheAddress) {
  EXPECT_THAT(body("/en?q=haddad&language=fr"), HasSubstr("/en/publications/flags"));
  EXPECT_THAT(body("/en?language=zh"),
              AllOf(Not(HasSubstr("/en/publications/flags")), HasSubstr("empty-state")));
  EXPECT_THAT(body("/en?q=%3Cb%3E"), HasSubstr("value=\"&lt;b&gt;\""));
}

TEST_F(Publications, CatalogueBeginsWithTheVisitorsLanguage) {
  write("all.epub", test_book().build());
  write("all.toml", as_bytes("title = \"Aardvark\"\n"));
  std::string package(kTestPackage);
  package.replace(package.find("fr-CA"), 5, "ru-RU");
  write("russian.epub", ZipBuilder()
                            .add("mimetype", "application/epub+zip")
                            .add("META-INF/container.xml", kTestContainer)
                            .add("OPS/package.opf", package)
                            .add("OPS/text/one.xhtml", "<html/>")
                            .build());
  auto restarted = service::ServiceUnderTest::start(definition(), set_up, folder_.path());
  ASSERT_TRUE(restarted);
  for (const auto& [language, first, second] :
       {std::tuple{"ru", "russian", "all"}, std::tuple{"en", "all", "russian"}}) {
    http::Response response = (*restarted)->get("/" + std::string(language));
    const std::string page = (*restarted)->body_of(response);
    const auto at = [&](const std::string& id) { return page.find("/publications/" + id + "\""); };
    EXPECT_LT(at(first), at(second)) << language;
  }
}

TEST_F(Publications, PageOfABookOffersReadingDownloadAndContents) {
  const std::string page = body("/en/publications/flags");
  EXPECT_THAT(page, HasSubstr("href=\"/en/publications/flags/read/1\""));
  EXPECT_THAT(page, HasSubstr("href=\"/download/flags.epub\""));
  EXPECT_THAT(page, HasSubstr("href=\"/en/publications/flags/read/1?at=b\""));
  EXPECT_THAT(page, HasSubstr("IB200F"));
  EXPECT_THAT(page, HasSubstr("notice-sample"));
  body("/en/publications/none", 404);
}

TEST_F(Publications, ReaderFramesTheChapterFromTheBookOrigin) {
  http::Response response = ask(kSite, "/en/publications/flags/read/2?at=x%20y");
  ASSERT_EQ(response.status, 200);
  const std::string page = service_->body_of(response);
  EXPECT_THAT(page, HasSubstr("<iframe class=\"reader-text\" "
                              "sandbox=\"allow-top-navigation-by-user-activation\" "));
  EXPECT_THAT(page, HasSubstr("https://books.publications.example/book/flags/OPS/text/"
                              "two%20%C3%A9.xhtml?in=en#x%20y"));
  EXPECT_THAT(page, HasSubstr("href=\"/en/publications/flags/read/1\""));
  EXPECT_THAT(page, HasSubstr("aria-current=\"true\""));
  const std::string policy(*response.headers.find("Content-Security-Policy"));
  EXPECT_THAT(policy, HasSubstr("frame-src https://books.publications.example"));
  for (const std::string chapter : {"0", "3", "x", "-1", "99999999999999999999"}) {
    body("/en/publications/flags/read/" + chapter, 404);
  }
}

TEST_F(Publications, LinksBetweenChaptersLeadToTheReader) {
  http::Response response = ask(kBooks, "/book/flags/OPS/text/one.xhtml?in=ar");
  EXPECT_THAT(
      service_->body_of(response),
      HasSubstr("<a href=\"https://publications.example/ar/publications/flags/read/2?at=s\" "
                "target=\"_top\">"));
  http::Response alone = ask(kBooks, "/book/flags/OPS/text/one.xhtml");
  EXPECT_THAT(service_->body_of(alone), HasSubstr("<a href=\"two%20%C3%A9.xhtml#s\">"));
  EXPECT_THAT(body("/en/publications/flags/read/1?at=b"),
              HasSubstr("href=\"/en/publications/flags/read/1?at=b\" aria-current=\"true\""));
}

TEST_F(Publications, ChaptersFetchTheirFilesWithThePassWhereOneIsNeeded) {
  for (const std::string exposure : {"public", "members", "operators"}) {
    service::TestRequest request{.target = "/book/flags/OPS/text/one.xhtml"};
    request.headers.set("Host", std::string(kBooks));
    request.headers.set("X-Bulkhead-Exposure", exposure);
    http::Response response = service_->send(request);
    const std::string policy(*response.headers.find("Content-Security-Policy"));
    EXPECT_EQ(policy.find("allow-same-origin") != std::string::npos, exposure != "public")
        << policy;
    EXPECT_THAT(policy, HasSubstr("script-src 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("allow-scripts")));
  }
}

TEST_F(Publications, BookOriginServesChaptersThatCannotRunScripts) {
  http::Response response = ask(kBooks, "/book/flags/OPS/text/one.xhtml");
  ASSERT_EQ(response.status, 200);
  EXPECT_EQ(*response.headers.find("Content-Type"), "application/xhtml+xml");
  const std::string policy(*response.headers.find("Content-Security-Policy"));
  EXPECT_THAT(policy, StartsWith("default-src 'none'; script-src 'none';"));
  EXPECT_THAT(policy, HasSubstr("frame-ancestors https://publications.example;"));
  EXPECT_THAT(policy, testing::EndsWith("; sandbox allow-top-navigation-by-user-activation"));
  EXPECT_THAT(service_->body_of(response), HasSubstr("<head><link rel=\"stylesheet\""));
}

TEST_F(Publications, TheTwoOriginsServeNothingOfEachOther) {
  EXPECT_EQ(ask(kSite, "/book/flags/OPS/text/one.xhtml").status, 404);
  EXPECT_EQ(ask(kSite, "/reading.css").status, 404);
  for (const std::string target : {"/en", "/en/publications/flags", "/en/publications/flags/read/1",
                                   "/en/opds", "/covers/flags", "/download/flags.epub"}) {
    EXPECT_EQ(ask(kBooks, target).status, 404) << target;
  }
}

TEST_F(Publications, BookOriginServesOnlyWhatTheManifestLists) {
  EXPECT_EQ(ask(kBooks, "/book/flags/OPS/style.css").status, 200);
  EXPECT_EQ(ask(kBooks, "/book/flags/OPS/secret.txt").status, 404);
  EXPECT_EQ(ask(kBooks, "/book/flags/META-INF/container.xml").status, 404);
  EXPECT_EQ(ask(kBooks, "/book/none/OPS/style.css").status, 404);
  EXPECT_NE(ask(kBooks, "/book/flags/..%2f..%2fflags.toml").status, 200);
}

TEST_F(Publications, DownloadAnswersRanges) {
  const Bytes whole = test_book().build();
  service::TestRequest request{.target = "/download/flags.epub"};
  request.headers.set("Host", std::string(kSite));
  http::Response all = service_->send(request);
  EXPECT_EQ(all.status, 200);
  EXPECT_EQ(*all.headers.find("Content-Type"), "application/epub+zip");
  EXPECT_EQ(service_->body_of(all), as_text(whole));
  request.headers.set("Range", "bytes=2-5");
  http::Response part = service_->send(request);
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(service_->body_of(part), as_text(whole).substr(2, 4));
  EXPECT_THAT(service_->audit_events().back(), HasSubstr("publication.download"));
  body("/download/none.epub", 404);
  body("/download/flags.toml", 404);
}

TEST_F(Publications, CoverIsAPictureThatRunsNothing) {
  http::Response response = ask(kSite, "/covers/flags");
  EXPECT_EQ(*response.headers.find("Content-Type"), "image/png");
  EXPECT_THAT(std::string(*response.headers.find("Content-Security-Policy")), HasSubstr("sandbox"));
}

TEST_F(Publications, OpdsLeadsFromItsStartToTheDownload) {
  http::Response response = ask(kSite, "/en/opds");
  EXPECT_THAT(std::string(*response.headers.find("Content-Type")),
              StartsWith("application/atom+xml;profile=opds-catalog;kind=navigation"));
  const pugi::xml_document start = xml("/en/opds");
  const std::string all =
      start.child("feed").child("entry").child("link").attribute("href").value();
  EXPECT_EQ(all, "https://publications.example/en/opds/all");
  const pugi::xml_document feed = xml("/en/opds/all");
  const pugi::xml_node entry = feed.child("feed").child("entry");
  EXPECT_STREQ(entry.child("title").child_value(), "Signals & Flags");
  EXPECT_STREQ(entry.child("id").child_value(), "urn:uuid:42");
  const pugi::xml_node link =
      entry.find_child_by_attribute("link", "rel", "http://opds-spec.org/acquisition/open-access");
  EXPECT_STREQ(link.attribute("type").value(), "application/epub+zip");
  EXPECT_STREQ(link.attribute("href").value(), "https://publications.example/download/flags.epub");
}

TEST_F(Publications, OpdsIsSearchedAsItsDescriptionSays) {
  const pugi::xml_document description = xml("/fr/opds/opensearch.xml");
  EXPECT_STREQ(
      description.child("OpenSearchDescription").child("Url").attribute("template").value(),
      "https://publications.example/fr/opds/search?q={searchTerms}");
  EXPECT_TRUE(xml("/fr/opds/search?q=haddad").child("feed").child("entry"));
  EXPECT_FALSE(xml("/fr/opds/search?q=nobody").child("feed").child("entry"));
  EXPECT_TRUE(xml("/fr/opds/language/fr").child("feed").child("entry"));
  body("/fr/opds/language/zz", 404);
}

TEST_F(Publications, EveryPageAnswersInEveryLanguage) {
  for (const service::Language language : service::kLanguages) {
    const std::string prefix = "/" + std::string(service::code_of(language));
    for (const std::string page : {"", "/publications/flags", "/publications/flags/read/1",
                                   "/reading-apps", "/opds", "/opds/newest"}) {
      EXPECT_THAT(body(prefix + page), Not(HasSubstr("⟦"))) << prefix << page;
    }
  }
}

TEST_F(Publications, ADamagedBookIsLeftOutAndSeenByIntegrity) {
  body("/integrity");
  body("/readyz");
  write("flags.epub", as_bytes("\x93\x07 encrypted"));
  EXPECT_THAT(body("/integrity", 500), HasSubstr("flags.epub"));
  auto restarted = service::ServiceUnderTest::start(definition(), set_up, folder_.path());
  ASSERT_TRUE(restarted);
  EXPECT_EQ((*restarted)->get("/readyz").status, 503);
  EXPECT_EQ((*restarted)->get("/en").status, 200);
}

TEST(ReadingStyle, StandsInFrontOfTheBooksOwn) {
  EXPECT_EQ(with_reading_style("<html><head profile=\"x\"><title>T</title></head></html>"),
            "<html><head profile=\"x\"><link rel=\"stylesheet\" type=\"text/css\" "
            "href=\"/reading.css\"/><title>T</title></head></html>");
  for (const std::string_view other : {"", "<html><header>x</header></html>", "<head", "<head/>"}) {
    EXPECT_EQ(with_reading_style(other), other);
  }
}

TEST(SampleBooks, CanAllBeRead) {
  const Path books = Path(BULKHEAD_SOURCE_DIR) / "estates/imo/content/publications/books";
  const Catalogue catalogue = Catalogue::load(books);
  EXPECT_GE(catalogue.publications().size(), 9u);
  const auto check = catalogue.check();
  EXPECT_TRUE(check) << check.error().message();
  for (const Publication& publication : catalogue.publications()) {
    EXPECT_FALSE(publication.book.contents().empty()) << publication.id;
    EXPECT_FALSE(publication.book.cover_file().empty()) << publication.id;
    EXPECT_TRUE(publication.is_sample) << publication.id;
  }
}

}  // namespace
}  // namespace bulkhead::services::publications
