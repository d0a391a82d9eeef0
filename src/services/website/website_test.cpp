#include "services/website/website.h"

#include <gmock/gmock.h>

#include "service/testing.h"
#include "services/website/domain/content.h"
#include "services/website/pages/content_pages.h"
#include "services/website/pages/machine_pages.h"

namespace bulkhead::services::website {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const Path kSampleContent = Path(BULKHEAD_SOURCE_DIR) / "estates/imo/content/website";

// The sample estate's own content, copied so that messages can be written beside it.
class Website : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(kSampleContent, data(), std::filesystem::copy_options::recursive);
    auto started = service::ServiceUnderTest::start(definition(), set_up, data());
    ASSERT_TRUE(started) << started.error().message();
    service_ = *std::move(started);
  }
  const Path& data() const { return folder_.path(); }

  std::string body(const std::string& target, int status = 200) {
    http::Response response = service_->get(target);
    EXPECT_EQ(response.status, status) << target;
    return service_->body_of(response);
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("website").value();
  std::unique_ptr<service::ServiceUnderTest> service_;
};

const std::map<std::string, std::string> kGoodMessage = {
    {"name", "Amal Haddad"},
    {"email", "amal@example.org"},
    {"subject", "Ballast water"},
    {"text", "When does it enter into force?"}};

std::vector<Path> messages_in(const Path& data) {
  std::vector<Path> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(data / "messages", error)) {
    out.push_back(entry.path());
  }
  return out;
}

TEST(SampleContent, HasNoFileThatCannotBeUsed) {
  const Content content = Content::load(kSampleContent, site_languages());
  for (const Problem& problem : content.problems()) {
    ADD_FAILURE() << problem.file << ": " << problem.message;
  }
  EXPECT_GE(content.pages().size(), 6u);
  EXPECT_GE(content.news().size(), 4u);
  for (const NewsItem& item : content.news()) {
    EXPECT_THAT(item.translations, SizeIs(6)) << item.slug;
    for (const auto& [language, document] : item.translations) EXPECT_TRUE(document.is_sample);
  }
}

TEST_F(Website, EveryPageOfTheSampleAnswersInEveryLanguage) {
  const Content content = Content::load(data(), site_languages());
  for (const std::string_view language : site_languages()) {
    const std::string prefix = "/" + std::string(language);
    EXPECT_THAT(body(prefix), HasSubstr("<html lang=\"" + std::string(language) + "\""));
    for (const auto& [path, translations] : content.pages()) {
      if (!path.empty()) body(prefix + "/" + path);
    }
    for (const NewsItem& item : content.news()) {
      EXPECT_THAT(body(prefix + "/news/" + item.slug), HasSubstr("notice-sample"));
    }
    body(prefix + "/news");
    body(prefix + "/contact");
  }
}

TEST_F(Website, HomeShowsTopicsAndLatestNews) {
  const std::string page = body("/fr");
  EXPECT_THAT(page, HasSubstr("href=\"/fr/safety\""));
  EXPECT_THAT(page, HasSubstr("href=\"/fr/news/2026-09-30-recovery-exercise\""));
  EXPECT_THAT(page, HasSubstr("30 septembre 2026"));
  EXPECT_THAT(page, HasSubstr("type=\"application/atom+xml\""));
}

TEST_F(Website, TheMenuIsMadeOfThePagesThatHaveAnOrder) {
  const std::string page = body("/en/safety");
  const std::size_t about = page.find("<li><a href=\"/en/about\">About</a></li>");
  const std::size_t safety = page.find("<a href=\"/en/safety\" aria-current=\"page\">");
  EXPECT_LT(about, safety);
  EXPECT_NE(safety, std::string::npos);
  EXPECT_THAT(page, Not(HasSubstr("<li><a href=\"/en/accessibility\">")));
}

TEST_F(Website, AMissingTranslationIsShownInAnotherLanguageAndLabelled) {
  const std::string page = body("/ar/safety/polar-code");
  EXPECT_THAT(page, HasSubstr("<html lang=\"ar\" dir=\"rtl\""));
  EXPECT_THAT(page, HasSubstr("lang=\"en\" dir=\"ltr\""));
  EXPECT_THAT(page, HasSubstr("role=\"note\""));
  EXPECT_THAT(page, HasSubstr("Polar Ship Certificate"));
  EXPECT_THAT(page, Not(HasSubstr("hreflang=\"ar\" href=\"https://")));
  EXPECT_THAT(body("/es/safety/polar-code"), HasSubstr("Certificado de buque polar"));
}

TEST_F(Website, LanguageSwitchStaysOnThePage) {
  EXPECT_THAT(body("/en/about"), HasSubstr("href=\"/zh/about\""));
}

TEST_F(Website, UnknownPagesAre404InTheVisitorsLanguage) {
  EXPECT_THAT(body("/es/nothing/here", 404), HasSubstr("lang=\"es\""));
  body("/en/news/2026-01-01-nothing", 404);
  body("/en/../../etc/passwd", 400);
}

TEST_F(Website, NewsAreDividedIntoPages) {
  for (int i = 10; i < 25; ++i) {
    const Path folder = data() / "news" / ("2025-01-" + std::to_string(i) + "-more");
    ASSERT_TRUE(make_directories(folder));
    ASSERT_TRUE(write_file_atomic(
        folder / "en.md", as_bytes("+++\ntitle = \"More\"\ndescription = \"d\"\n+++\ntext\n")));
  }
  auto fresh = service::ServiceUnderTest::start(definition(), set_up, data());
  ASSERT_TRUE(fresh);
  http::Response response = (*fresh)->get("/en/news?page=2");
  const std::string page = (*fresh)->body_of(response);
  EXPECT_THAT(page, HasSubstr("/en/news/2025-01-10-more"));
  EXPECT_THAT(page, Not(HasSubstr("recovery-exercise")));
}

TEST_F(Website, SearchFindsPagesInTheVisitorsLanguage) {
  EXPECT_THAT(body("/fr/search?q=piraterie"), HasSubstr("href=\"/fr/digital-services\""));
  EXPECT_THAT(body("/ar/search?q=ماربول"), HasSubstr("href=\"/ar/environment\""));
  EXPECT_THAT(body("/zh/search?q=压载水"), HasSubstr("href=\"/zh/environment\""));
  EXPECT_THAT(body("/en/search?q=zzzzzz"), HasSubstr("empty-state"));
  EXPECT_THAT(body("/en/search?q=%22unclosed+AND+("), HasSubstr("<form"));
  EXPECT_THAT(body("/en/search"), Not(HasSubstr("empty-state")));
}

TEST_F(Website, SearchFindsFallbacksAndMarksTheirLanguage) {
  const std::string page = body("/ru/search?q=antarctic");
  EXPECT_THAT(page, HasSubstr("<li lang=\"en\" dir=\"ltr\">"));
  EXPECT_THAT(page, HasSubstr("href=\"/ru/safety/polar-code\""));
}

TEST_F(Website, SearchIndexIsMadeAnewWhenItIsDamaged) {
  body("/en/search?q=ballast");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data() / ".search")) {
    if (!entry.is_regular_file()) continue;
    ASSERT_TRUE(write_file_atomic(entry.path(), as_bytes("\x8f\x03 encrypted")));
  }
  auto restarted = service::ServiceUnderTest::start(definition(), set_up, data());
  ASSERT_TRUE(restarted);
  http::Response response = (*restarted)->get("/en/search?q=ballast");
  EXPECT_THAT((*restarted)->body_of(response), HasSubstr("href=\"/en/environment\""));
}

TEST_F(Website, AtomFeedHoldsTheNewsInItsLanguage) {
  http::Response response = service_->get("/ar/news/feed.atom");
  EXPECT_THAT(*response.headers.find("Content-Type"), HasSubstr("application/atom+xml"));
  const std::string feed = service_->body_of(response);
  EXPECT_THAT(feed, HasSubstr("<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"ar\">"));
  EXPECT_THAT(feed, HasSubstr("/ar/news/2026-09-30-recovery-exercise\"/>"));
  EXPECT_THAT(feed, HasSubstr("<updated>2026-09-30T00:00:00Z</updated>"));
  EXPECT_THAT(feed, HasSubstr("استعادة الخدمات"));
}

TEST_F(Website, SitemapNamesEachLanguageThatAPageHas) {
  const std::string map = body("/sitemap.xml");
  EXPECT_THAT(map, HasSubstr("<loc>https://service.example/ru/about</loc>"));
  EXPECT_THAT(map, HasSubstr("hreflang=\"x-default\" href=\"https://service.example/about\""));
  EXPECT_THAT(map, HasSubstr("<loc>https://service.example/fr/safety/polar-code</loc>"));
  EXPECT_THAT(map, Not(HasSubstr("<loc>https://service.example/ru/safety/polar-code</loc>")));
}

TEST_F(Website, RobotsAndSecurityTextSayWhereToGo) {
  EXPECT_THAT(body("/robots.txt"), HasSubstr("Sitemap: https://service.example/sitemap.xml"));
  EXPECT_THAT(body("/.well-known/security.txt"),
              AllOf(HasSubstr("Contact: https://service.example/en/contact\n"),
                    HasSubstr("Expires: 2026-11-28T00:00:00Z\n")));
}

TEST_F(Website, AMessageIsKeptAndAnsweredWithItsReference) {
  http::Response response = service_->submit("/en/contact", "/en/contact", kGoodMessage);
  ASSERT_EQ(response.status, 303);
  EXPECT_THAT(messages_in(data()), SizeIs(1));
  const std::string sent(*response.headers.find("Location"));
  const std::string reference = sent.substr(sent.find('=') + 1);
  EXPECT_THAT(body(sent), HasSubstr(reference));
  EXPECT_THAT(
      service_->audit_events().back(),
      AllOf(HasSubstr("message.send"), HasSubstr(reference), Not(HasSubstr("amal@example.org"))));
}

TEST_F(Website, AMessageWithFaultsIsShownAgainWithWhatWasWritten) {
  auto message = kGoodMessage;
  message["email"] = "not an address";
  message["text"] = "<b>Hello</b>";
  http::Response response = service_->submit("/fr/contact", "/fr/contact", message);
  EXPECT_EQ(response.status, 422);
  const std::string page = service_->body_of(response);
  EXPECT_THAT(page, HasSubstr("field-email-error"));
  EXPECT_THAT(page, HasSubstr("&lt;b&gt;Hello&lt;/b&gt;"));
  EXPECT_THAT(messages_in(data()), IsEmpty());
}

TEST_F(Website, AMessageWithoutTheFormsTokenIsRefused) {
  service::TestRequest request{.method = http::Method::post, .target = "/en/contact"};
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = "name=A&email=a%40example.org&subject=S&text=T";
  EXPECT_EQ(service_->send(request).status, 403);
  EXPECT_THAT(messages_in(data()), IsEmpty());
}

TEST_F(Website, WhileReadOnlyThereIsNoForm) {
  service::TestRequest request{.target = "/en/contact"};
  request.headers.set("X-Bulkhead-Exposure", "read-only");
  http::Response response = service_->send(request);
  EXPECT_THAT(service_->body_of(response), Not(HasSubstr("<form method=\"post\"")));
}

TEST_F(Website, OnlyAReferenceIsShownAsOne) {
  body("/en/contact/sent?reference=%3Cscript%3E", 404);
}

TEST_F(Website, IntegrityAndReadinessSeeDamagedContent) {
  body("/integrity");
  body("/readyz");
  ASSERT_TRUE(write_file_atomic(data() / "pages/about/fr.md", as_bytes("\x8f\x03 encrypted")));
  EXPECT_THAT(body("/integrity", 500), HasSubstr("pages/about/fr.md"));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data() / "pages")) {
    if (!entry.is_regular_file()) continue;
    ASSERT_TRUE(write_file_atomic(entry.path(), as_bytes("\x8f\x03 encrypted")));
  }
  auto restarted = service::ServiceUnderTest::start(definition(), set_up, data());
  ASSERT_TRUE(restarted);
  EXPECT_EQ((*restarted)->get("/readyz").status, 503);
}

}  // namespace
}  // namespace bulkhead::services::website
