// Tries the import on the real, messy exports that may lie beside the project in shared/data/. They
// are not part of it; without them these tests are skipped.
#include <map>

#include <gtest/gtest.h>

#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {
namespace {

class RealDataTest : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

// Every row is either a record or a refused row with a reason, and what is refused for another
// reason than the definition allows would show here.
TEST_P(RealDataTest, LosesNoRow) {
  const auto [module_name, file_name] = GetParam();
  const Path file = Path(BULKHEAD_SOURCE_DIR) / "../shared/data" / file_name;
  if (!std::filesystem::exists(file)) {
    GTEST_SKIP() << file.string() << " is not there: the real exports are not part of the project";
  }
  const Path definition =
      Path(BULKHEAD_SOURCE_DIR) / "estates/imo/modules" / (std::string(module_name) + ".toml");
  std::vector<ModuleDefinition> modules;
  modules.push_back(
      *ModuleDefinition::parse(*read_text_file(definition, 1 << 20), definition.string()));
  const TemporaryDirectory folder = *TemporaryDirectory::create("real-data");
  SystemClock clock;
  auto registry = Registry::open(folder.path() / "gisis.sqlite", std::move(modules), clock);
  ASSERT_TRUE(registry) << registry.error().message();
  const ModuleDefinition& module = (*registry)->modules().front();

  const auto summary = (*registry)->import_once(module, file);
  ASSERT_TRUE(summary) << summary.error().message();
  const ImportSummary& report = **summary;
  EXPECT_EQ(report.failure, "");
  EXPECT_GT(report.rows, 1000u);
  EXPECT_EQ(report.added + report.refused, report.rows);
  EXPECT_EQ(*(*registry)->count(module), report.added);
  std::uint64_t kept = 0;
  ASSERT_TRUE((*registry)->for_each_refused_row(report, [&](const RefusedRow& row) -> Result<void> {
    EXPECT_FALSE(row.reasons.empty());
    ++kept;
    return {};
  }));
  EXPECT_EQ(kept, report.refused);
  // The greater part is good: a definition that refused everything would lose nothing either.
  EXPECT_GT(report.added, report.rows * 9 / 10);
  EXPECT_TRUE((*registry)->check_integrity());

  std::map<std::string, int> reasons;
  const auto findings = (*registry)->findings(report, 1'000'000);
  for (const ImportFinding& finding : *findings) {
    const std::string field =
        finding.remark.field ? module.fields[*finding.remark.field].name : "row";
    ++reasons[std::string(finding.refused ? "refused " : "flagged ") + field + " " +
              std::string(name_of(finding.remark.reason))];
  }
  std::printf("%s: %llu rows, %llu records, %llu flagged, %llu refused\n", file_name,
              static_cast<unsigned long long>(report.rows),
              static_cast<unsigned long long>(report.added),
              static_cast<unsigned long long>(report.flagged),
              static_cast<unsigned long long>(report.refused));
  for (const auto& [reason, count] : reasons) std::printf("  %6d %s\n", count, reason.c_str());
}

INSTANTIATE_TEST_SUITE_P(Exports, RealDataTest,
                         ::testing::Values(std::pair("piracy", "piracy-reports.csv"),
                                           std::pair("ships", "ship-identities.csv")),
                         [](const auto& info) { return std::string(info.param.first); });

}  // namespace
}  // namespace bulkhead::services::gisis
