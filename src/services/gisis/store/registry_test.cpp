#include "services/gisis/store/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::services::gisis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<ModuleDefinition> sample_modules() {
  std::vector<ModuleDefinition> modules;
  for (const std::string name : {"ships", "ports", "piracy"}) {
    const Path path = Path(BULKHEAD_SOURCE_DIR) / "estates/imo/modules" / (name + ".toml");
    modules.push_back(*ModuleDefinition::parse(*read_text_file(path, 1 << 20), name + ".toml"));
  }
  return modules;
}

http::Parameters parameters(std::vector<std::pair<std::string, std::string>> pairs) {
  http::Parameters made;
  for (auto& [name, value] : pairs) made.add(name, value);
  return made;
}

constexpr std::string_view kShips =
    "imo_number,name,flag,type,gross_tonnage,year_built,sample\r\n"
    "9074729,ÉTOILE,FR,Bulk carrier,30000,1994,TRUE\r\n"
    "9034145,ALBA,PA,Tanker,1200,,TRUE\r\n"
    "9034137,WRONG,PA,Tanker,1200,2001,TRUE\r\n"
    "9074729,AGAIN,PA,Tanker,1200,2001,TRUE\r\n"
    "8814275,BORA,UK,Strange craft,0,2001,TRUE\r\n";

class RegistryTest : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }
  void reopen() {
    registry_.reset();
    auto opened = Registry::open(folder_.path() / "gisis.sqlite", sample_modules(), clock_);
    ASSERT_TRUE(opened) << opened.error().message();
    registry_ = std::move(*opened);
  }
  const ModuleDefinition& module(std::string_view name) { return **registry_->module(name); }
  ImportSummary import(std::string_view name, std::string_view csv) {
    const auto summary = registry_->import(module(name), "test.csv", source_of(csv));
    EXPECT_TRUE(summary) << summary.error().message();
    return *summary;
  }
  std::vector<std::string> keys(std::string_view name,
                                std::vector<std::pair<std::string, std::string>> query) {
    const auto request = ListRequest::parse(module(name), parameters(std::move(query)));
    EXPECT_TRUE(request) << request.error().message();
    const auto page = registry_->list(module(name), *request);
    EXPECT_TRUE(page) << page.error().message();
    std::vector<std::string> found;
    for (const Record& record : page->records) found.push_back(record.key);
    return found;
  }

  TemporaryDirectory folder_ = *TemporaryDirectory::create("registry");
  ManualClock clock_{*from_rfc3339("2020-09-30T06:15:00Z")};
  std::unique_ptr<Registry> registry_;
};

TEST_F(RegistryTest, ReportsWhatItTookRefusedAndFlagged) {
  const ImportSummary summary = import("ships", kShips);
  EXPECT_EQ(summary.failure, "");
  EXPECT_EQ(summary.rows, 5u);
  EXPECT_EQ(summary.added, 3u);
  EXPECT_EQ(summary.refused, 2u);
  EXPECT_EQ(summary.flagged, 1u);

  const auto findings = *registry_->findings(summary, 100);
  ASSERT_EQ(findings.size(), 4u);
  EXPECT_EQ(findings[0].row, 4u);
  EXPECT_EQ(findings[0].remark.reason, Reason::check_digit);
  EXPECT_EQ(findings[0].remark.given, "9034137");
  EXPECT_EQ(findings[1].remark.reason, Reason::duplicate_in_file);
  EXPECT_FALSE(findings[2].refused);
  EXPECT_EQ(findings[2].remark.reason, Reason::unknown_country);
  EXPECT_EQ(findings[3].remark.reason, Reason::out_of_range);

  std::vector<std::vector<std::string>> refused;
  ASSERT_TRUE(registry_->for_each_refused_row(summary, [&](const RefusedRow& row) -> Result<void> {
    refused.push_back(row.cells);
    return {};
  }));
  ASSERT_EQ(refused.size(), 2u);
  EXPECT_THAT(refused[0], ElementsAre("9034137", "WRONG", "PA", "Tanker", "1200", "2001", "TRUE"));
}

TEST_F(RegistryTest, ImportingAgainChangesNothingAndReplacingKeepsWhatWasThere) {
  import("ships", kShips);
  const std::uint64_t version = registry_->version(module("ships"));
  const ImportSummary again = import("ships", kShips);
  EXPECT_EQ(again.unchanged, 3u);
  EXPECT_EQ(again.added + again.replaced, 0u);
  EXPECT_EQ(registry_->version(module("ships")), version);

  const ImportSummary changed = import("ships", "imo_number,name\n9034145,ALBATROSS\n");
  EXPECT_EQ(changed.replaced, 1u);
  EXPECT_GT(registry_->version(module("ships")), version);
  EXPECT_THAT(keys("ships", {{"q", "albatross"}}), ElementsAre("9034145"));
  EXPECT_THAT(keys("ships", {{"q", "alba"}}), ElementsAre("9034145"));
  EXPECT_THAT(keys("ships", {{"flag", "PA"}}), IsEmpty());
  EXPECT_TRUE(registry_->check_integrity());
}

TEST_F(RegistryTest, SearchIgnoresCaseAndAccentsAndKnowsCountriesInSixLanguages) {
  import("ships", kShips);
  EXPECT_THAT(keys("ships", {{"q", "etoile"}}), ElementsAre("9074729"));
  EXPECT_THAT(keys("ships", {{"q", "Франция"}}), ElementsAre("9074729"));
  EXPECT_THAT(keys("ships", {{"q", "9034"}}), ElementsAre("9034145"));
  EXPECT_THAT(keys("ships", {{"q", "\"* OR ( NEAR"}}), IsEmpty());
  EXPECT_THAT(keys("ships", {{"q", "\xff\xfe"}}), IsEmpty());
}

TEST_F(RegistryTest, FiltersCombineAndEmptyValuesLieInNoRange) {
  import("ships", kShips);
  EXPECT_THAT(keys("ships", {{"flag", "FR"}, {"flag", "Panama"}}),
              ElementsAre("9034145", "9074729"));
  EXPECT_THAT(keys("ships", {{"flag", "FR"}, {"type", "tanker"}}), IsEmpty());
  EXPECT_THAT(keys("ships", {{"year_built_to", "2000"}}), ElementsAre("9074729"));
  EXPECT_THAT(keys("ships", {{"year_built_from", "1995"}}), ElementsAre("8814275"));
  EXPECT_THAT(keys("ships", {{"flagged", "1"}}), ElementsAre("8814275"));
  EXPECT_THAT(keys("ships", {{"imo_number", "IMO 9074729"}}), ElementsAre("9074729"));
}

TEST_F(RegistryTest, PagesForwardsAndBackwardsWithoutGapsOrRepeats) {
  std::string csv = "Date,Ship Name,Incident details\n";
  for (int i = 0; i < 60; ++i) csv += "7/22/94,SHIP,incident " + std::to_string(i) + "\n";
  import("piracy", csv);
  const ModuleDefinition& piracy = module("piracy");
  for (const std::string sort : {"date", "-date", "ship_name"}) {
    std::vector<std::string> all;
    std::string after;
    std::vector<std::string> first_keys;
    for (int pages = 0; pages < 10; ++pages) {
      const auto request =
          *ListRequest::parse(piracy, parameters({{"sort", sort}, {"after", after}}));
      const ListPage page = *registry_->list(piracy, request);
      EXPECT_EQ(page.total, 60u);
      EXPECT_EQ(page.has_previous, !after.empty());
      first_keys.push_back(page.records.front().key);
      for (const Record& record : page.records) all.push_back(record.key);
      if (!page.has_next) break;
      after = page.records.back().key;
    }
    EXPECT_EQ(all.size(), 60u);
    EXPECT_EQ(std::set(all.begin(), all.end()).size(), 60u);
    const auto back =
        *ListRequest::parse(piracy, parameters({{"sort", sort}, {"before", first_keys[1]}}));
    const ListPage page = *registry_->list(piracy, back);
    EXPECT_EQ(page.records.front().key, all.front());
    EXPECT_EQ(page.records.size(), kPageSize);
    EXPECT_FALSE(page.has_previous);
    EXPECT_TRUE(page.has_next);
  }
}

TEST_F(RegistryTest, AnExportHasEveryRecordOnce) {
  std::string csv = "Date,Incident details\n";
  for (int i = 0; i < 1203; ++i) csv += "7/22/94,incident " + std::to_string(i) + "\n";
  import("piracy", csv);
  const auto request = *ListRequest::parse(module("piracy"), {});
  std::set<std::string> seen;
  ASSERT_TRUE(registry_->for_each(module("piracy"), request, [&](const Record& r) -> Result<void> {
    EXPECT_TRUE(seen.insert(r.key).second);
    return {};
  }));
  EXPECT_EQ(seen.size(), 1203u);
}

TEST_F(RegistryTest, CountsFacetsWithAllFiltersButTheirOwn) {
  import("ships", kShips);
  const auto request = *ListRequest::parse(module("ships"), parameters({{"flag", "FR"}}));
  const auto facets = *registry_->facets(module("ships"), request);
  const auto flag = std::find_if(facets.begin(), facets.end(), [&](const Facet& facet) {
    return module("ships").fields[facet.field].name == "flag";
  });
  ASSERT_NE(flag, facets.end());
  EXPECT_EQ(flag->values.size(), 3u);
  const auto type = std::find_if(facets.begin(), facets.end(), [&](const Facet& facet) {
    return module("ships").fields[facet.field].name == "type";
  });
  ASSERT_EQ(type->values.size(), 1u);
  EXPECT_EQ(type->values[0].value, "bulk_carrier");
}

TEST_F(RegistryTest, AFileThatIsNoCsvChangesNothingAndIsReported) {
  import("ships", kShips);
  const ImportSummary broken = import("ships", "imo_number,name\n9300001,X\n\"9300002,open\n");
  EXPECT_THAT(broken.failure, HasSubstr("line 3"));
  EXPECT_EQ(keys("ships", {}).size(), 3u);
  EXPECT_THAT(import("ships", "a,b\n1,2\n").failure, HasSubstr("IMO number"));
  EXPECT_THAT(import("ships", "").failure, HasSubstr("empty"));
  EXPECT_EQ(registry_->imports()->size(), 4u);
}

TEST_F(RegistryTest, TakesAFileAtStartOnlyOnce) {
  const Path file = folder_.path() / "ships.csv";
  ASSERT_TRUE(write_file_atomic(file, as_bytes(kShips)));
  EXPECT_TRUE(registry_->import_once(module("ships"), file)->has_value());
  EXPECT_FALSE(registry_->import_once(module("ships"), file)->has_value());
  reopen();
  EXPECT_FALSE(registry_->import_once(module("ships"), file)->has_value());
  ASSERT_TRUE(write_file_atomic(file, as_bytes(std::string(kShips) + "9176187,NEW,,,,,\n")));
  EXPECT_TRUE(registry_->import_once(module("ships"), file)->has_value());
}

TEST_F(RegistryTest, KeepsBytesThatAreNoTextInTheRefusedRow) {
  const ImportSummary summary = import("ships", "imo_number,name\n9074729,\xff\xfe\n");
  EXPECT_EQ(summary.refused, 1u);
  std::string kept;
  ASSERT_TRUE(registry_->for_each_refused_row(summary, [&](const RefusedRow& row) -> Result<void> {
    kept = row.cells.at(1);
    return {};
  }));
  EXPECT_EQ(kept, "\xff\xfe");
}

}  // namespace
}  // namespace bulkhead::services::gisis
