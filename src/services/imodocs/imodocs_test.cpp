#include "services/imodocs/imodocs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/testing.h"

namespace bulkhead::services::imodocs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// The sample estate's own documents, read by the real pdftotext in its sandbox.
class ImodocsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    data_ = new TemporaryDirectory(*TemporaryDirectory::create("imodocs"));
    std::filesystem::copy(Path(BULKHEAD_SOURCE_DIR) / "estates/imo/content/imodocs", data_->path(),
                          std::filesystem::copy_options::recursive);
    auto started = service::ServiceUnderTest::start(definition(), set_up, data_->path());
    ASSERT_TRUE(started) << started.error().message();
    service_ = started->release();
  }
  static void TearDownTestSuite() {
    delete service_;
    delete data_;
  }
  std::string get(std::string target) {
    http::Response response = service_->get(std::move(target));
    return service_->body_of(response);
  }

  static inline TemporaryDirectory* data_ = nullptr;
  static inline service::ServiceUnderTest* service_ = nullptr;
};

TEST_F(ImodocsTest, ShowsBodiesSessionsAndDocumentsInEveryLanguage) {
  for (const service::Language language : service::kLanguages) {
    const std::string base = "/" + std::string(service::code_of(language));
    for (const std::string path :
         {"", "/bodies/MSC", "/bodies/SEC", "/sessions/MSC-201", "/sessions/C-ES.125",
          "/documents/MSC-201-1", "/documents/A.9117(130)", "/search?q=MSC"}) {
      const http::Response response = service_->get(base + path);
      EXPECT_EQ(response.status, 200) << base + path;
      EXPECT_THAT(response.body, Not(HasSubstr("⟦"))) << base + path;
    }
  }
  EXPECT_THAT(get("/ar/documents/MSC-201-1"), HasSubstr("جدول الأعمال المؤقت"));
  EXPECT_THAT(get("/en/documents/MSC-201-1"), HasSubstr("written for demonstration"));
}

TEST_F(ImodocsTest, MarksUpATitleThatIsInAnotherLanguage) {
  const std::string html = get("/ru/documents/MSC-201-INF.2");
  EXPECT_THAT(html, HasSubstr("<h1 lang=\"en\" dir=\"ltr\">"));
  EXPECT_THAT(html, HasSubstr("не издан на русском"));
}

TEST_F(ImodocsTest, HasOneAddressForADocument) {
  const http::Response response = service_->get("/en/documents/msc%20201-3-1");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(response.headers.find("Location"), "/en/documents/MSC-201-3-1");
  EXPECT_EQ(service_->get("/en/documents/MSC-201-99").status, 404);
  EXPECT_EQ(service_->get("/en/documents/nonsense").status, 404);
  EXPECT_THAT(get("/en/documents/MSC-201-3-1"), HasSubstr("MSC 201/3/1/Corr.1"));
}

TEST_F(ImodocsTest, ShowsAFewOfManyRelatedDocumentsAndLinksToAll) {
  const TemporaryDirectory data = *TemporaryDirectory::create("imodocs");
  const Path folder = data.path() / "documents/MSC/201";
  ASSERT_TRUE(make_directories(folder));
  ASSERT_TRUE(write_file_atomic(
      data.path() / "documents/bodies.toml",
      as_bytes(*read_text_file(data_->path() / "documents/bodies.toml", 1 << 20))));
  std::string text = "[session]\nbody = \"MSC\"\nnumber = \"201\"\n";
  for (int i = 0; i <= 12; ++i) {
    text += "[[document]]\nsymbol = \"MSC 201/5" + (i == 0 ? "" : "/Add." + std::to_string(i)) +
            "\"\ntype = \"note\"\n[document.title]\nen = \"Part\"\n";
  }
  ASSERT_TRUE(write_file_atomic(folder / "documents.toml", as_bytes(text)));
  const auto service = service::ServiceUnderTest::start(definition(), set_up, data.path());
  ASSERT_TRUE(service) << service.error().message();
  const auto related = [&](const std::string& target) {
    http::Response response = (*service)->get(target);
    const std::string html = (*service)->body_of(response);
    std::size_t count = 0;
    for (std::size_t at = html.find("document-symbol\""); at != std::string::npos;
         at = html.find("document-symbol\"", at + 1)) {
      ++count;
    }
    return std::pair(count, html);
  };
  const auto [shown, html] = related("/en/documents/MSC-201-5");
  EXPECT_EQ(shown, 10U);
  EXPECT_THAT(html, HasSubstr("href=\"/en/documents/MSC-201-5?related=all#related\""));
  EXPECT_THAT(html, HasSubstr("Show all 12 related documents"));
  const auto [all, whole] = related("/en/documents/MSC-201-5?related=all");
  EXPECT_EQ(all, 12U);
  EXPECT_THAT(whole, Not(HasSubstr("related documents")));
}

TEST_F(ImodocsTest, DownloadsAFileUnderItsRightNameAndInParts) {
  http::Response whole = service_->get("/en/documents/MSC-201-3-1/fr.pdf");
  EXPECT_EQ(whole.headers.find("Content-Type"), "application/pdf");
  EXPECT_THAT(std::string(*whole.headers.find("Content-Disposition")),
              HasSubstr("MSC 201-3-1 (F).pdf"));
  EXPECT_THAT(service_->body_of(whole), StartsWith("%PDF-"));
  EXPECT_THAT(service_->audit_events().back(), HasSubstr("document.download"));
  http::Headers headers;
  headers.set("Range", "bytes=1-3");
  http::Response part =
      service_->send({.target = "/en/documents/MSC-201-3-1/fr.pdf", .headers = headers});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(service_->body_of(part), "PDF");
  EXPECT_EQ(service_->get("/en/documents/MSC-201-3-1/ar.pdf").status, 404);
  EXPECT_EQ(service_->get("/en/documents/MSC-201-3-1/fr.exe").status, 404);
}

TEST_F(ImodocsTest, SearchesTheWordsOfFilesInTheirLanguages) {
  const std::string english = get("/en/search?q=incomplete+positions");
  EXPECT_THAT(english, HasSubstr("MSC 201/6"));
  EXPECT_THAT(english, HasSubstr("<mark>"));
  EXPECT_THAT(get("/zh/search?q=%E6%A0%A1%E9%AA%8C%E4%BD%8D"), HasSubstr("A.9117(130)"));
  // السلامة, with the letters that PDFs join
  EXPECT_THAT(get("/ar/search?q=%D8%A7%D9%84%D8%B3%D9%84%D8%A7%D9%85%D8%A9"),
              HasSubstr("A.9117(130)"));
  EXPECT_THAT(get("/en/search?q=zzzznothing"), HasSubstr("Nothing was found"));
  EXPECT_THAT(get("/en/search?q=MSC+201%2FWP.1"), HasSubstr("The document with this symbol"));
  EXPECT_THAT(get("/en/search.json?q=probe&type=report"), HasSubstr("\"symbol\":\"MSC 201/6\""));
}

TEST_F(ImodocsTest, EscapesWhatIsSearchedFor) {
  EXPECT_THAT(get("/en/search?q=%3Cscript%3Ealert(1)%3C/script%3E"),
              Not(HasSubstr("<script>alert")));
}

}  // namespace
}  // namespace bulkhead::services::imodocs
