#include "services/gisis/domain/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "services/gisis/domain/country.h"

namespace bulkhead::services::gisis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ModuleDefinition module_named(const std::string& name) {
  const Path path = Path(BULKHEAD_SOURCE_DIR) / "estates/imo/modules" / (name + ".toml");
  auto module = ModuleDefinition::parse(*read_text_file(path, 1 << 20), name + ".toml");
  EXPECT_TRUE(module) << module.error().message();
  return std::move(*module);
}

ConvertedRow convert(const ModuleDefinition& module, std::vector<std::string> header,
                     std::vector<std::string> cells) {
  const auto columns = ColumnMap::match(module, header);
  EXPECT_TRUE(columns) << columns.error().message();
  return convert_row(module, *columns, CsvRow{.number = 2, .line = 2, .cells = std::move(cells)});
}

const FieldValue& value_of(const ModuleDefinition& module, const ConvertedRow& row,
                           std::string_view field) {
  return row.record.values[*module.find_field(field)];
}

TEST(Record, TakesColumnsByAnyOfTheirNames) {
  const ModuleDefinition ships = module_named("ships");
  const auto row = convert(ships, {"imo", "mmsi", " NAME ", "Flag State", "extra"},
                           {"9074729", "232003141", "SAMPLE", "Republic of Korea", "x"});
  EXPECT_THAT(row.refusals, IsEmpty());
  EXPECT_THAT(row.record.remarks, IsEmpty());
  EXPECT_EQ(row.record.key, "9074729");
  EXPECT_EQ(std::get<std::string>(value_of(ships, row, "flag")), "KR");
  EXPECT_EQ(std::get<std::string>(value_of(ships, row, "name")), "SAMPLE");
  const std::vector<std::string> header = {"imo", "extra"};
  EXPECT_THAT(ColumnMap::match(ships, header)->unused, ElementsAre("extra"));
}

TEST(Record, NamesTheColumnThatAFileLacks) {
  const std::vector<std::string> header = {"name", "flag"};
  const auto columns = ColumnMap::match(module_named("ships"), header);
  ASSERT_FALSE(columns);
  EXPECT_THAT(columns.error().message(), HasSubstr("imo_number"));
}

TEST(Record, RefusesOrFlagsAWrongNumberAsTheDefinitionSays) {
  const auto ship = convert(module_named("ships"), {"imo", "name"}, {"9034137", "X"});
  ASSERT_EQ(ship.refusals.size(), 1u);
  EXPECT_EQ(ship.refusals[0].reason, Reason::check_digit);
  EXPECT_EQ(ship.refusals[0].given, "9034137");

  const ModuleDefinition piracy = module_named("piracy");
  const auto report = convert(piracy, {"Date", "IMO No."}, {"7/22/94", "9034137"});
  EXPECT_THAT(report.refusals, IsEmpty());
  ASSERT_EQ(report.record.remarks.size(), 1u);
  EXPECT_EQ(report.record.remarks[0].reason, Reason::check_digit);
  EXPECT_EQ(std::get<std::string>(value_of(piracy, report, "imo_number")), "9034137");
  EXPECT_EQ(std::get<std::string>(value_of(piracy, report, "date")), "1994-07-22");
}

TEST(Record, ReadsAPositionFromTwoColumnsOrOne) {
  const ModuleDefinition piracy = module_named("piracy");
  const auto two = convert(piracy, {"Date", "Latitude", "Longitude"},
                           {"7/22/94", "3° 56.80' N", "101° 20.00' E"});
  const auto one = convert(piracy, {"Date", "position"}, {"7/22/94", "3° 56.80′ N, 101° 20.00′ E"});
  EXPECT_NEAR(std::get<Position>(value_of(piracy, two, "position")).longitude_degrees, 101.3333,
              1e-4);
  EXPECT_EQ(two.record.key, one.record.key);
}

TEST(Record, FlagsHalfAPositionAndKeepsWhatWasGiven) {
  const auto row = convert(module_named("piracy"), {"Date", "Latitude", "Longitude"},
                           {"7/22/94", "3° 56.80' N", ""});
  ASSERT_EQ(row.record.remarks.size(), 1u);
  EXPECT_EQ(row.record.remarks[0].reason, Reason::half_a_position);
  EXPECT_EQ(row.record.remarks[0].given, "3° 56.80' N");
}

TEST(Record, RefusesRowsOfAnotherWidthAndBytesThatAreNoText) {
  const ModuleDefinition piracy = module_named("piracy");
  EXPECT_EQ(convert(piracy, {"Date", "Ship name"}, {"7/22/94"}).refusals.at(0).reason,
            Reason::columns_differ);
  EXPECT_EQ(convert(piracy, {"Date", "Ship name"}, {"7/22/94", "\xff"}).refusals.at(0).reason,
            Reason::not_utf8);
}

TEST(Record, WordsForNothingAreNothing) {
  const ModuleDefinition piracy = module_named("piracy");
  const auto row = convert(piracy, {"Date", "Ship Name"}, {"7/22/94", "Name withheld"});
  EXPECT_TRUE(std::holds_alternative<std::monostate>(value_of(piracy, row, "ship_name")));
}

TEST(Record, ReportsThatDifferHaveDifferentKeys) {
  const ModuleDefinition piracy = module_named("piracy");
  const auto a = convert(piracy, {"Date", "Incident details"}, {"7/22/94", "boarded"});
  const auto b = convert(piracy, {"Date", "Incident details"}, {"7/22/94", "chased"});
  EXPECT_NE(a.record.key, b.record.key);
  EXPECT_TRUE(a.record.key.starts_with("1994-07-22-"));
}

TEST(Country, ReadsCodesAndNamesAndSpeaksSixLanguages) {
  EXPECT_EQ(country_code_of("FR"), "FR");
  EXPECT_EQ(country_code_of("FRA"), "FR");
  EXPECT_EQ(country_code_of("marshall islands"), "MH");
  EXPECT_EQ(country_code_of("Venezuela (Bolivarian Republic of)"), "VE");
  EXPECT_EQ(country_code_of("Viet Nam"), "VN");
  EXPECT_FALSE(country_code_of("UK"));
  EXPECT_FALSE(country_code_of("AN"));
  EXPECT_EQ(country_name("DE", service::Language::fr), "Allemagne");
  EXPECT_EQ(country_name("DE", service::Language::ar), "ألمانيا");
  EXPECT_EQ(country_name("??", service::Language::en), "??");
}

}  // namespace
}  // namespace bulkhead::services::gisis
