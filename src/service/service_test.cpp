#include "service/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/components.h"
#include "service/testing.h"

namespace bulkhead::service {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<EmbeddedFile> test_files() {
  std::vector<EmbeddedFile> files;
  static constexpr std::string_view kMessages =
      "[service]\nname = \"Ports & Ships\"\ntagline = \"A service for tests\"\n"
      "[nav]\nports = \"Ports\"\n";
  for (const std::string_view name : {"messages/en.toml", "messages/fr.toml", "messages/es.toml",
                                      "messages/ar.toml", "messages/zh.toml", "messages/ru.toml"}) {
    files.push_back({name, kMessages});
  }
  files.push_back({"templates/greeting.mustache", "<p>{{t.nav.ports}}: {{name}} at {{base}}</p>"});
  return files;
}

class ServiceTest : public testing::Test {
 protected:
  void start(const service::Setup& setup, std::string_view configuration = "") {
    auto service = ServiceUnderTest::start({"test", files_}, setup, data_.path(), configuration);
    ASSERT_TRUE(service) << service.error().message();
    service_ = std::move(*service);
  }
  std::string body(http::Response response) { return service_->body_of(response); }

  const std::vector<EmbeddedFile> files_ = test_files();
  TemporaryDirectory data_ = TemporaryDirectory::create("service-test").value();
  std::unique_ptr<ServiceUnderTest> service_;
};

Result<void> set_up_pages(Context& context, http::Router&) {
  context.site.set_navigation({{"nav.ports", "/ports"}});
  context.site.get("/", [](Visit& visit) -> Result<http::Response> {
    return visit.page({.title = visit.text("service.name")});
  });
  context.site.get("/ports/{code}", [](Visit& visit) -> Result<http::Response> {
    const std::string code = visit.request.path_values["code"];
    if (code == "none") return fail(ErrorKind::not_found, "no such port");
    if (code == "broken") return fail(ErrorKind::internal, "secret detail of the failure");
    return visit.page({.title = "Port <" + code + ">",
                       .content = visit.render("greeting", {{"name", code}}),
                       .content_language = Language::en});
  });
  context.site.get("/form", [](Visit& visit) -> Result<http::Response> {
    return visit.page(
        {.title = "Form", .content = "<form method=\"post\">" + visit.form_fields() + "</form>"});
  });
  context.site.post("/form", [](Visit& visit) -> Result<http::Response> {
    return visit.page({.title = "Got " + visit.form.get("name")});
  });
  return {};
}

TEST_F(ServiceTest, SendsTheRootToTheVisitorsLanguage) {
  start(set_up_pages);
  http::Headers headers;
  headers.set("Accept-Language", "de, ar;q=0.5, fr-CA;q=0.9");
  const http::Response response = service_->send({.target = "/?from=mail", .headers = headers});
  EXPECT_EQ(response.status, 302);
  EXPECT_EQ(response.headers.find("Location"), "/fr?from=mail");
  EXPECT_EQ(response.headers.find("Vary"), "Accept-Language");
}

TEST_F(ServiceTest, SendsAPathWithoutLanguageToTheSamePage) {
  start(set_up_pages);
  EXPECT_EQ(service_->get("/ports/NLRTM").headers.find("Location"), "/en/ports/NLRTM");
}

TEST_F(ServiceTest, ShowsAPageInItsFrame) {
  start(set_up_pages);
  const std::string html = body(service_->get("/ar/ports/NLRTM?sort=name"));
  EXPECT_THAT(html, HasSubstr("<html lang=\"ar\" dir=\"rtl\">"));
  EXPECT_THAT(html, HasSubstr("<h1>Port &lt;NLRTM&gt;</h1>"));
  EXPECT_THAT(html, HasSubstr("<p>Ports: NLRTM at /ar</p>"));
  EXPECT_THAT(html, HasSubstr("href=\"/ru/ports/NLRTM?sort=name\" lang=\"ru\""));
  EXPECT_THAT(html,
              HasSubstr("hreflang=\"x-default\" href=\"https://service.example/ports/NLRTM\""));
  EXPECT_THAT(html, HasSubstr("aria-current=\"true\">Ports"));
}

TEST_F(ServiceTest, LabelsContentThatIsInAnotherLanguage) {
  start(set_up_pages);
  const std::string fallback = body(service_->get("/fr/ports/NLRTM"));
  EXPECT_THAT(fallback, HasSubstr("Elle est affichée en anglais."));
  EXPECT_THAT(fallback, HasSubstr("<div lang=\"en\" dir=\"ltr\">"));
  EXPECT_THAT(body(service_->get("/en/ports/NLRTM")), Not(HasSubstr("not available in English")));
}

TEST_F(ServiceTest, HasNothingInlineThatItsContentSecurityPolicyForbids) {
  start(set_up_pages);
  http::Response response = service_->get("/en/ports/NLRTM");
  EXPECT_THAT(std::string(*response.headers.find("Content-Security-Policy")),
              HasSubstr("default-src 'none'"));
  const std::string html = service_->body_of(response);
  EXPECT_THAT(html, Not(HasSubstr("style=\"")));
  EXPECT_THAT(html, Not(HasSubstr("onclick")));
  EXPECT_THAT(html, Not(HasSubstr("<style")));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
}

TEST_F(ServiceTest, LeavesAHeaderThatTheHandlerHasSet) {
  start([](Context&, http::Router& router) -> Result<void> {
    router.get("/book", [](http::Request&) {
      http::Response response = http::Response::text("chapter");
      response.headers.set("Content-Security-Policy", "script-src 'none'");
      return response;
    });
    return {};
  });
  const http::Response response = service_->get("/book");
  EXPECT_EQ(response.headers.find("Content-Security-Policy"), "script-src 'none'");
  EXPECT_EQ(response.headers.find("X-Content-Type-Options"), "nosniff");
}

TEST_F(ServiceTest, ServesItsAssetsForEver) {
  start(set_up_pages);
  const std::string html = body(service_->get("/en"));
  const std::size_t at = html.find("/assets/site.");
  ASSERT_NE(at, std::string::npos);
  const http::Response style = service_->get(html.substr(at, html.find('"', at) - at));
  EXPECT_EQ(style.status, 200);
  EXPECT_EQ(style.headers.find("Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(style.headers.find("Cache-Control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(service_->get("/assets/fonts/noto-sans-arabic-5.3.0.woff2").status, 200);
  EXPECT_EQ(service_->get("/assets/site.css").status, 404);
}

TEST_F(ServiceTest, ShowsErrorsAsPagesInTheVisitorsLanguage) {
  start(set_up_pages);
  const http::Response missing = service_->get("/es/nowhere");
  EXPECT_EQ(missing.status, 404);
  EXPECT_THAT(missing.body, HasSubstr("Página no encontrada"));
  EXPECT_THAT(missing.body, HasSubstr("test-request"));
  EXPECT_EQ(service_->get("/es/ports/none").status, 404);
  const http::Response broken = service_->get("/en/ports/broken");
  EXPECT_EQ(broken.status, 500);
  EXPECT_THAT(broken.body, Not(HasSubstr("secret detail")));
}

TEST_F(ServiceTest, ShowsAnErrorAsJsonToWhoAsksForJson) {
  start(set_up_pages);
  const http::Response response = service_->get("/en/nowhere.json");
  EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json");
}

TEST_F(ServiceTest, SaysWhichMethodsThereAre) {
  start(set_up_pages);
  const http::Response response =
      service_->send({.method = http::Method::del, .target = "/en/form"});
  EXPECT_EQ(response.status, 405);
  EXPECT_THAT(response.body, HasSubstr("works in another way"));
  EXPECT_TRUE(response.headers.find("Allow"));
}

TEST_F(ServiceTest, TurnsAnExceptionIntoAPage) {
  start([](Context& context, http::Router&) -> Result<void> {
    context.site.get("/throws", [](Visit&) -> Result<http::Response> {
      throw std::runtime_error("of a library");
    });
    return {};
  });
  EXPECT_EQ(service_->get("/en/throws").status, 500);
}

TEST_F(ServiceTest, TakesAFormWithItsToken) {
  start(set_up_pages);
  const http::Response response = service_->submit("/en/form", "/en/form", {{"name", "Amal"}});
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("Got Amal"));
}

TEST_F(ServiceTest, TakesAFileWithTheFormsToken) {
  start([](Context& context, http::Router& router) -> Result<void> {
    TRY(set_up_pages(context, router));
    context.site.post_upload("/file", 1024, [](Visit& visit) -> Result<http::Response> {
      return visit.page({.title = visit.files.at(0).file_name + " for " + visit.form.get("name")});
    });
    return {};
  });
  const http::Response page = service_->get("/en/form");
  const std::size_t at = page.body.find("form_token\" value=\"") + 19;
  const std::string token = page.body.substr(at, page.body.find('"', at) - at);
  const auto send = [&](std::string_view form_token, std::size_t size) {
    http::Headers headers;
    headers.set("Content-Type", "multipart/form-data; boundary=x1");
    const auto field = [](std::string_view name, std::string_view value) {
      return "--x1\r\nContent-Disposition: form-data; name=" + std::string(name) + "\r\n\r\n" +
             std::string(value) + "\r\n";
    };
    return service_->send({.method = http::Method::post,
                           .target = "/en/file",
                           .headers = headers,
                           .body = field("form_token", form_token) + field("name", "Amal") +
                                   field("file; filename=ships.csv", std::string(size, 'x')) +
                                   "--x1--\r\n"});
  };
  EXPECT_THAT(body(send(token, 10)), HasSubstr("ships.csv for Amal"));
  EXPECT_EQ(send("wrong", 10).status, 403);
  EXPECT_EQ(send(token, 2000).status, 413);
}

TEST_F(ServiceTest, RefusesAFormWithoutItsToken) {
  start(set_up_pages);
  http::Headers headers;
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  const http::Response response = service_->send({.method = http::Method::post,
                                                  .target = "/en/form",
                                                  .headers = headers,
                                                  .body = "name=Mallory"});
  EXPECT_EQ(response.status, 403);
}

TEST_F(ServiceTest, RefusesATokenThatBelongsToAnotherCookie) {
  start(set_up_pages);
  const http::Response page = service_->get("/en/form");
  const std::size_t at = page.body.find("form_token\" value=\"") + 19;
  const std::string token = page.body.substr(at, page.body.find('"', at) - at);
  http::Headers headers;
  headers.set("Content-Type", "application/x-www-form-urlencoded");
  headers.set("Cookie", "__Host-bulkhead-form=00112233445566778899aabbccddeeff");
  const http::Response response = service_->send({.method = http::Method::post,
                                                  .target = "/en/form",
                                                  .headers = headers,
                                                  .body = "form_token=" + token});
  EXPECT_EQ(response.status, 403);
}

TEST_F(ServiceTest, RefusesFormsWhileItIsReadOnly) {
  start(set_up_pages);
  http::Headers headers;
  headers.set("X-Bulkhead-Exposure", "read-only");
  const http::Response response =
      service_->send({.method = http::Method::post, .target = "/en/form", .headers = headers});
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("Nothing can be changed at the moment"));
  EXPECT_THAT(body(service_->send({.target = "/en", .headers = headers})), HasSubstr("Read-only:"));
}

TEST_F(ServiceTest, KeepsTheKeyOfItsFormsToItself) {
  start(set_up_pages);
  const auto permissions = std::filesystem::status(data_.path() / ".form-key").permissions();
  EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(ServiceTest, IsReadyOnlyWhenEveryCheckPasses) {
  bool broken = false;
  start([&](Context& context, http::Router&) -> Result<void> {
    context.readiness_checks.emplace_back("database", [&]() -> Result<void> {
      if (broken) return fail(ErrorKind::unavailable, "the database is locked");
      return {};
    });
    return {};
  });
  EXPECT_EQ(service_->get("/livez").status, 200);
  EXPECT_EQ(service_->get("/readyz").status, 200);
  broken = true;
  const http::Response response = service_->get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("the database is locked"));
}

TEST_F(ServiceTest, LeavesACopyWhenItIsQuiesced) {
  start([](Context& context, http::Router&) -> Result<void> {
    context.quiesce = [&context]() -> Result<void> {
      const Path file = TRY(context.quiesced_file("ports.sqlite"));
      return write_file_atomic(file, as_bytes("copy"));
    };
    return {};
  });
  const http::Response response =
      service_->send({.method = http::Method::post, .target = "/quiesce"});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(read_text_file(data_.path() / ".quiesced/ports.sqlite", 100), "copy");
}

TEST_F(ServiceTest, ReportsDataThatIsNotIntact) {
  start([](Context& context, http::Router&) -> Result<void> {
    context.integrity_check = []() -> Result<void> {
      return fail(ErrorKind::corrupt, "ports.sqlite: page 7 is malformed");
    };
    return {};
  });
  const http::Response response = service_->get("/integrity");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, HasSubstr("page 7 is malformed"));
}

TEST_F(ServiceTest, CountsRequestsByRouteAndNotByPath) {
  start(set_up_pages);
  service_->get("/en/ports/NLRTM");
  service_->get("/en/ports/SGSIN");
  service_->get("/en/one-of-many-wrong-paths");
  const std::string metrics = body(service_->get("/metrics"));
  EXPECT_THAT(metrics, HasSubstr("bulkhead_requests_total{service=\"test\",route=\"/en/ports/"
                                 "{code}\",method=\"GET\",status=\"200\"} 2"));
  EXPECT_THAT(metrics, HasSubstr("route=\"not found\",method=\"GET\",status=\"404\"} 1"));
  EXPECT_THAT(metrics, Not(HasSubstr("wrong-paths")));
}

TEST_F(ServiceTest, RefusesToStartWithAKeyThatNobodyReads) {
  const auto service =
      ServiceUnderTest::start({"test", files_}, set_up_pages, data_.path(), "misspelt = 1\n");
  ASSERT_FALSE(service);
  EXPECT_THAT(service.error().message(), HasSubstr("misspelt"));
}

TEST_F(ServiceTest, TakesItsSiteFromTheConfiguration) {
  start(set_up_pages,
        "[site]\norganisation = \"Sample Maritime Organisation\"\n"
        "status_url = \"https://status.localhost/\"\n");
  const std::string html = body(service_->get("/en"));
  EXPECT_THAT(html, HasSubstr("Sample Maritime Organisation"));
  EXPECT_THAT(html, HasSubstr("href=\"https://status.localhost/\""));
}

TEST_F(ServiceTest, NamesItsOrganisationAndTheStatusPageInTheVisitorsLanguage) {
  start(set_up_pages,
        "[site]\nstatus_url = \"https://status.localhost{port}/{language}/\"\n"
        "[site.organisation]\nen = \"Sample\"\nfr = \"Exemple\"\nes = \"Ejemplo\"\n"
        "ar = \"نموذج\"\nzh = \"示例\"\nru = \"Образец\"\n");
  const std::map<std::string, std::string> names = {{"en", "Sample"},  {"fr", "Exemple"},
                                                    {"es", "Ejemplo"}, {"ar", "نموذج"},
                                                    {"zh", "示例"},    {"ru", "Образец"}};
  for (const auto& [language, name] : names) {
    TestRequest request{.target = "/" + language};
    request.headers.set("Host", "test.localhost:9443");
    const std::string html = body(service_->send(request));
    EXPECT_THAT(html, HasSubstr("brand-organisation\">" + name + "<")) << language;
    EXPECT_THAT(html, HasSubstr("href=\"https://status.localhost:9443/" + language + "/\""));
    request.headers.set("Host", "test.localhost");
    EXPECT_THAT(body(service_->send(request)),
                HasSubstr("href=\"https://status.localhost/" + language + "/\""));
  }
}

TEST_F(ServiceTest, WantsTheOrganisationsNameInEveryLanguage) {
  const auto service = ServiceUnderTest::start({"test", files_}, set_up_pages, data_.path(),
                                               "[site.organisation]\nen = \"Sample\"\n");
  ASSERT_FALSE(service);
  EXPECT_THAT(service.error().message(), HasSubstr("site.organisation.fr"));
}

}  // namespace
}  // namespace bulkhead::service
