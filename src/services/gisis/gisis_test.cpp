#include "services/gisis/gisis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/value.h"
#include "service/testing.h"
#include "services/gisis/domain/csv.h"

namespace bulkhead::services::gisis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kShips =
    "imo_number,name,flag,type,gross_tonnage,year_built,sample\r\n"
    "9074729,=SUM(A1),FR,Bulk carrier,30000,1994,TRUE\r\n"
    "8814275,<b>BORA</b>,UK,Strange craft,0,2001,FALSE\r\n"
    "9034137,WRONG,PA,Tanker,1200,2001,FALSE\r\n";
constexpr std::string_view kReports =
    "Date,Ship Name,IMO No.,Latitude,Longitude,Incident details\r\n"
    "7/22/94,BORA,8814275,3° 56.80' N,101° 20.00' E,Boarded at anchor\r\n"
    "7/23/94,OTHER,9034137,3° 56.80' N,,Chased\r\n";

class GisisTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(make_directories(data_.path() / "import"));
    ASSERT_TRUE(write_file_atomic(data_.path() / "import/ships.csv", as_bytes(kShips)));
    ASSERT_TRUE(write_file_atomic(data_.path() / "import/piracy.csv", as_bytes(kReports)));
    start();
  }
  void start() {
    auto started = service::ServiceUnderTest::start(definition(), set_up, data_.path());
    ASSERT_TRUE(started) << started.error().message();
    service_ = std::move(*started);
  }
  std::string get(std::string target) {
    http::Response response = service_->get(std::move(target));
    return service_->body_of(response);
  }
  http::Response as_operator(std::string target) {
    http::Headers headers;
    headers.set("X-Bulkhead-Role", "operator");
    return service_->send({.target = std::move(target), .headers = headers});
  }
  http::Response upload(std::string_view module, std::string_view csv, std::string token) {
    http::Headers headers;
    headers.set("X-Bulkhead-Role", "operator");
    headers.set("Content-Type", "multipart/form-data; boundary=x1");
    const auto part = [](std::string_view name, std::string_view content) {
      return "--x1\r\nContent-Disposition: form-data; name=" + std::string(name) + "\r\n\r\n" +
             std::string(content) + "\r\n";
    };
    return service_->send({.method = http::Method::post,
                           .target = "/en/imports",
                           .headers = headers,
                           .body = part("form_token", token) + part("module", module) +
                                   part("file; filename=\"new.csv\"", csv) + "--x1--\r\n"});
  }
  std::string form_token() {
    http::Response page = as_operator("/en/imports");
    const std::string html = service_->body_of(page);
    const std::size_t at = html.find("form_token\" value=\"") + 19;
    return html.substr(at, html.find('"', at) - at);
  }

  TemporaryDirectory data_ = *TemporaryDirectory::create("gisis");
  std::unique_ptr<service::ServiceUnderTest> service_;
};

TEST_F(GisisTest, ShowsModulesListsAndRecordsInEveryLanguage) {
  for (const service::Language language : service::kLanguages) {
    const std::string base = "/" + std::string(service::code_of(language));
    for (const std::string path : {"", "/ships", "/ships/9074729", "/piracy", "/ports", "/data"}) {
      const http::Response response = service_->get(base + path);
      EXPECT_EQ(response.status, 200) << base + path;
      EXPECT_THAT(response.body, Not(HasSubstr("⟦"))) << base + path;
    }
  }
  EXPECT_THAT(get("/ar/ships/9074729"), HasSubstr("فرنسا"));
  EXPECT_THAT(get("/zh/ships"), HasSubstr("散货船"));
}

TEST_F(GisisTest, EscapesWhatRecordsSayAndLabelsSamples) {
  const std::string list = get("/en/ships");
  EXPECT_THAT(list, HasSubstr("&lt;b&gt;BORA&lt;/b&gt;"));
  EXPECT_THAT(list, HasSubstr("tag-sample"));
  EXPECT_THAT(get("/en/ships/9074729"), HasSubstr("This record is invented"));
  EXPECT_THAT(get("/en/ships/8814275"), Not(HasSubstr("This record is invented")));
}

TEST_F(GisisTest, ShowsWhatWasGivenBesideARemark) {
  const std::string record = get("/en/ships/8814275");
  EXPECT_THAT(record, HasSubstr("not a country code or name"));
  EXPECT_THAT(record, HasSubstr("Strange craft"));
  EXPECT_THAT(get("/en/piracy?q=chased"), HasSubstr("latitude or longitude is missing"));
}

TEST_F(GisisTest, LinksRecordsOfModulesToEachOther) {
  EXPECT_THAT(get("/en/ships/8814275"), HasSubstr("/en/piracy?imo_number=8814275"));
  const std::string reports = get("/en/piracy.json?imo_number=8814275");
  const auto parsed = json::parse(reports);
  ASSERT_TRUE(parsed) << reports;
  const std::string key = *(*(*parsed)["records"].array()).at(0)["key"].string();
  EXPECT_THAT(get("/en/piracy/" + key), HasSubstr("href=\"/en/ships/8814275\""));
}

TEST_F(GisisTest, KeepsFiltersInTheUrlAndOffersToRemoveThem) {
  const std::string html = get("/en/ships?flag=FR&year_built_from=1990&sort=-name");
  EXPECT_THAT(html, HasSubstr("Flag: France"));
  EXPECT_THAT(html, HasSubstr("href=\"/en/ships?year_built_from=1990&amp;sort=-name\""));
  EXPECT_THAT(html,
              HasSubstr("href=\"/en/ships.csv?flag=FR&amp;year_built_from=1990&amp;sort=-name\""));
  EXPECT_THAT(get("/en/ships?q=nothing+like+it"), HasSubstr("Nothing matches"));
  EXPECT_THAT(get("/en/ports"), HasSubstr("No records yet"));
}

TEST_F(GisisTest, RefusesParametersThatMeanNothing) {
  EXPECT_EQ(service_->get("/en/ships?sort=colour").status, 400);
  EXPECT_EQ(service_->get("/en/ships?after=nobody").status, 400);
  EXPECT_EQ(service_->get("/en/piracy?date_from=yesterday").status, 400);
  http::Response problem = service_->get("/en/ships.json?limit=100000");
  EXPECT_EQ(problem.status, 400);
  EXPECT_EQ(problem.headers.find("Content-Type"), "application/problem+json");
  EXPECT_EQ(service_->get("/en/nothing.json").status, 404);
  EXPECT_EQ(service_->get("/en/ships/0000000").status, 404);
}

TEST_F(GisisTest, ExportRefusesAMisspeltFilterRatherThanListAll) {
  http::Response page = service_->get("/en/ships?utm_source=letter&sort=-name");
  EXPECT_EQ(page.status, 200) << "pages are linked to";
  EXPECT_THAT(service_->body_of(page), HasSubstr("/en/ships.csv?sort=-name\""));
  for (const std::string target : {"/en/ships.json?flg=PA", "/en/ships.csv?flag_from=PA"}) {
    http::Response refused = service_->get(target);
    EXPECT_EQ(refused.status, 400) << target;
    EXPECT_THAT(service_->body_of(refused),
                HasSubstr("is no parameter of this list; use q, flagged"));
  }
  for (const std::string target :
       {"/en/ships.json?q=sample&flag=PA&sort=-name&limit=3", "/en/piracy.csv?date_from=2019",
        "/en/ships.json?gross_tonnage_from=1&gross_tonnage_to=9&flagged=1&after="}) {
    EXPECT_EQ(service_->get(target).status, 200) << target;
  }
}

TEST_F(GisisTest, AnswersErrorsOfExportsAsProblems) {
  for (const std::string target : {"/en/ships.csv?sort=colour", "/en/ships/0000000.csv",
                                   "/en/nothing.csv", "/en/ships.json?sort=colour"}) {
    http::Response response = service_->get(target);
    EXPECT_GE(response.status, 400) << target;
    EXPECT_EQ(response.headers.find("Content-Type"), "application/problem+json") << target;
    EXPECT_THAT(service_->body_of(response), Not(HasSubstr("<html"))) << target;
  }
}

TEST_F(GisisTest, NamesTheKnownValuesWhereAFilterHasAnother) {
  http::Response page = service_->get("/en/ships?flag=QQ");
  EXPECT_EQ(page.status, 400);
  const std::string html = service_->body_of(page);
  EXPECT_THAT(html,
              HasSubstr("Flag: “QQ” – not a country code or name. Known values: France (FR)"));
  EXPECT_THAT(html, HasSubstr("name=\"flag\""));  // the form is there to put it right
  for (const std::string extension : {".json", ".csv"}) {
    http::Response problem = service_->get("/en/ships" + extension + "?flag=QQ");
    EXPECT_EQ(problem.status, 400);
    EXPECT_EQ(problem.headers.find("Content-Type"), "application/problem+json");
    const std::string body = service_->body_of(problem);
    EXPECT_THAT(body, HasSubstr("France (FR)"));
  }
  // A country without ships is a country.
  EXPECT_EQ(service_->get("/en/ships?flag=CH").status, 200);
  // No country either, but a ship's file says so, and the list offers it.
  http::Response kept = service_->get("/en/ships.json?flag=UK");
  EXPECT_EQ(kept.status, 200);
  EXPECT_THAT(service_->body_of(kept), HasSubstr("\"total\":1"));
  EXPECT_EQ(service_->get("/en/ships?flag=france").status, 200);
}

TEST_F(GisisTest, ExportsCsvThatImportsWithoutALoss) {
  const std::string csv = get("/en/ships.csv");
  EXPECT_THAT(csv, HasSubstr("'=SUM(A1)"));
  const std::string reports = get("/en/piracy.csv");
  TemporaryDirectory other = *TemporaryDirectory::create("gisis");
  ASSERT_TRUE(make_directories(other.path() / "import"));
  ASSERT_TRUE(write_file_atomic(other.path() / "import/ships.csv", as_bytes(csv)));
  ASSERT_TRUE(write_file_atomic(other.path() / "import/piracy.csv", as_bytes(reports)));
  auto again = service::ServiceUnderTest::start(definition(), set_up, other.path());
  ASSERT_TRUE(again) << again.error().message();
  for (const std::string target : {"/en/ships.json", "/en/piracy.json?q=boarded"}) {
    http::Response response = (*again)->get(target);
    EXPECT_EQ((*again)->body_of(response), get(target));
  }
}

TEST_F(GisisTest, TagsExportsByTheVersionOfTheData) {
  http::Response first = service_->get("/en/ships.json");
  http::Headers headers;
  headers.set("If-None-Match", std::string(*first.headers.find("ETag")));
  EXPECT_EQ(service_->send({.target = "/en/ships.json", .headers = headers}).status, 304);
  EXPECT_EQ(upload("ships", "imo,name\n9176187,NEW\n", form_token()).status, 303);
  EXPECT_EQ(service_->send({.target = "/en/ships.json", .headers = headers}).status, 200);
}

TEST_F(GisisTest, PagesOfJsonNameTheNextOne) {
  http::Response first = service_->get("/en/ships.json?limit=1");
  const std::string link(*first.headers.find("Link"));
  EXPECT_THAT(link, HasSubstr("after="));
  EXPECT_THAT(link, HasSubstr("rel=\"next\""));
  const std::size_t path = link.find("/en/");
  http::Response second = service_->get(link.substr(path, link.find('>') - path));
  EXPECT_FALSE(second.headers.find("Link"));
}

TEST_F(GisisTest, ImportsAreForOperators) {
  EXPECT_EQ(service_->get("/en/imports").status, 403);
  EXPECT_EQ(service_->get("/en/imports/1").status, 403);
  EXPECT_EQ(service_->get("/en/imports/1/refused.csv").status, 403);
  EXPECT_EQ(as_operator("/fr/imports").status, 200);
  EXPECT_EQ(upload("ships", "imo,name\n9176187,NEW\n", "wrong").status, 403);
}

TEST_F(GisisTest, ReportsAnImportWithItsRefusedRows) {
  const http::Response done =
      upload("ships", "imo,name,lore\n9176187,NEW,x\n9034137,\"BAD, ONE\",y\n", form_token());
  ASSERT_EQ(done.status, 303);
  const std::string report(*done.headers.find("Location"));
  http::Response page = as_operator(report);
  const std::string html = service_->body_of(page);
  EXPECT_THAT(html, HasSubstr("the check digit does not match"));
  EXPECT_THAT(html, HasSubstr("Columns that no field takes: lore"));
  http::Response rows = as_operator(report + "/refused.csv");
  EXPECT_THAT(service_->body_of(rows),
              HasSubstr("9034137,\"BAD, ONE\",y,the check digit does not match"));
  EXPECT_THAT(service_->audit_events().back(), HasSubstr("import.ships"));
  EXPECT_EQ(as_operator("/en/imports/99").status, 404);
}

TEST_F(GisisTest, SurvivesARestartWithoutImportingAgain) {
  const std::string before = get("/en/piracy.json");
  service_.reset();
  start();
  EXPECT_EQ(get("/en/piracy.json"), before);
  http::Response imports = as_operator("/en/imports");
  const std::string html = service_->body_of(imports);
  EXPECT_THAT(html, HasSubstr("/en/imports/2"));
  EXPECT_THAT(html, Not(HasSubstr("/en/imports/3")));
}

}  // namespace
}  // namespace bulkhead::services::gisis
