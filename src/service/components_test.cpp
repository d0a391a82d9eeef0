#include "service/components.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/url.h"
#include "service/testing.h"

namespace bulkhead::service {
namespace {

using testing::HasSubstr;
using testing::Not;

http::Request request_for(std::string_view target) {
  http::Request request;
  request.raw_target = target;
  auto parsed = http::parse_target(target).value();
  request.path = parsed.path;
  request.query = parsed.query;
  return request;
}

TEST(WithQuery, SetsOneParameterAndKeepsTheOthers) {
  const auto request = request_for("/en/ports?q=a%26b&page=3&sort=name");
  EXPECT_EQ(with_query(request, "page", "4"), "/en/ports?q=a%26b&sort=name&page=4");
  EXPECT_EQ(with_query(request, "page", ""), "/en/ports?q=a%26b&sort=name");
  EXPECT_EQ(with_query(request_for("/en/ports?page=2"), "page", ""), "/en/ports");
}

TEST(Paging, IsTheFirstPageWhereTheQueryMakesNoSense) {
  for (const std::string_view page : {"0", "-1", "x", "99999999999999999999", "5", ""}) {
    const auto request = request_for("/en/ports?page=" + std::string(page));
    EXPECT_EQ(paging_from(request, 100, 25).page, 1U) << page;
  }
  EXPECT_EQ(paging_from(request_for("/en/ports?page=4"), 100, 25).offset(), 75U);
}

TEST(Table, EscapesLabelsAndKeepsCellsAsHtml) {
  const std::string html =
      table("Ports & ships", {{"Name <b>"}, {.label = "Depth", .align = Align::end}},
            {{"<a href=\"/\">Rotterdam</a>", "24"}});
  EXPECT_THAT(html, HasSubstr("<caption>Ports &amp; ships</caption>"));
  EXPECT_THAT(html, HasSubstr("Name &lt;b&gt;"));
  EXPECT_THAT(html, HasSubstr("scope=\"row\"><a href=\"/\">Rotterdam</a></th>"));
  EXPECT_THAT(html, HasSubstr("data-label=\"Depth\" class=\"align-end\"><span class=\"cell\">24<"));
}

TEST(Table, EveryCellCarriesItsColumnsLabelWhereRowsBecomeCards) {
  const std::string html = table("Sessions", {{"Time"}, {"State \"now\""}},
                                 {{"09:30", "ended"}, {"10:00", ""}}, Caption::heard);
  EXPECT_THAT(html, HasSubstr("<caption class=\"visually-hidden\">Sessions</caption>"));
  EXPECT_THAT(html, HasSubstr("data-label=\"State &quot;now&quot;\"><span class=\"cell\">ended<"));
  EXPECT_THAT(html, HasSubstr("class=\"is-empty\"><span class=\"cell\"></span>"));
  EXPECT_THAT(html, HasSubstr("<table role=\"table\">"));
}

TEST(FieldOfAForm, TiesItsHintAndErrorToTheControl) {
  const std::string html = field({.name = "imo",
                                  .label = "IMO number",
                                  .value = "\"><script>",
                                  .hint = "Seven digits",
                                  .error = "The check digit is wrong"});
  EXPECT_THAT(html, HasSubstr("aria-describedby=\"field-imo-hint field-imo-error\""));
  EXPECT_THAT(html, HasSubstr("aria-invalid=\"true\""));
  EXPECT_THAT(html, HasSubstr("<label for=\"field-imo\">IMO number</label>"));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
}

TEST(FieldOfAForm, MarksTheChosenValue) {
  const std::string html = field({.kind = FieldKind::choice,
                                  .name = "flag",
                                  .label = "Flag",
                                  .value = "PA",
                                  .choices = {{"", "Any"}, {"PA", "Panama"}}});
  EXPECT_THAT(html, HasSubstr("<option value=\"PA\" selected>Panama</option>"));
  EXPECT_THAT(html, HasSubstr("<option value=\"\">Any</option>"));
}

// Components that speak need a visit; this service has one page that shows them all.
class ComponentsPage : public testing::Test {
 protected:
  void SetUp() override {
    static constexpr std::string_view kMessages = "[service]\nname = 'N'\ntagline = 'T'\n";
    for (const std::string_view name :
         {"messages/en.toml", "messages/fr.toml", "messages/es.toml", "messages/ar.toml",
          "messages/zh.toml", "messages/ru.toml"}) {
      files_.push_back({name, kMessages});
    }
    const auto set_up = [](Context& context, http::Router&) -> Result<void> {
      context.site.get("/list", [](Visit& visit) -> Result<http::Response> {
        std::string html = notice(visit, Notice::sample, "<p>Sample</p>");
        html +=
            filter_form(visit, visit.link("/list"),
                        {{.name = "q", .label = "Words", .value = visit.request.query.get("q")}});
        html += pagination(visit, paging_from(visit.request, 1634));
        return visit.page({.title = "List", .content = html});
      });
      return {};
    };
    auto service = ServiceUnderTest::start({"test", files_}, set_up, data_.path());
    ASSERT_TRUE(service) << service.error().message();
    service_ = std::move(*service);
  }
  std::string body(std::string target) { return service_->get(std::move(target)).body; }

  std::vector<EmbeddedFile> files_;
  TemporaryDirectory data_ = TemporaryDirectory::create("components-test").value();
  std::unique_ptr<ServiceUnderTest> service_;
};

TEST_F(ComponentsPage, PagesThroughResultsAndKeepsTheFilters) {
  const std::string html = body("/en/list?q=x&page=10");
  EXPECT_THAT(html, HasSubstr("226 to 250 of 1,634"));
  EXPECT_THAT(html, HasSubstr("rel=\"prev\" href=\"/en/list?q=x&amp;page=9\""));
  EXPECT_THAT(html, HasSubstr("href=\"/en/list?q=x&amp;page=66\""));
  EXPECT_THAT(html, HasSubstr("aria-current=\"page\""));
  EXPECT_THAT(body("/ru/list?page=66"), HasSubstr("1\u00a0626–1\u00a0634 из 1\u00a0634"));
}

TEST_F(ComponentsPage, OffersToClearFiltersOnlyWhereThereAreSome) {
  EXPECT_THAT(body("/en/list?q=x"), HasSubstr("Clear filters"));
  EXPECT_THAT(body("/en/list"), Not(HasSubstr("Clear filters")));
}

}  // namespace
}  // namespace bulkhead::service
