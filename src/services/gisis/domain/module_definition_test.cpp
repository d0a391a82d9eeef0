#include "services/gisis/domain/module_definition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace bulkhead::services::gisis {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kSix =
    R"({ en = "e", fr = "f", es = "s", ar = "a", zh = "z", ru = "r" })";

std::string definition(std::string_view top, std::string_view field) {
  return std::string(top) + "\ntitle = " + std::string(kSix) +
         "\ndescription = " + std::string(kSix) + "\n[[field]]\nlabel = " + std::string(kSix) +
         "\n" + std::string(field) + "\n";
}

constexpr std::string_view kTop =
    "name = \"berths\"\nkey = [\"code\"]\nheading = [\"code\"]\nsort = \"-code\"";
constexpr std::string_view kField =
    "name = \"code\"\ntype = \"text\"\nrequired = true\nsortable = true";

std::string error_of(const std::string& toml) {
  const auto module = ModuleDefinition::parse(toml, "berths.toml");
  return module ? "" : module.error().message();
}

TEST(ModuleDefinition, ReadsFieldsKeyAndOrder) {
  const auto module = ModuleDefinition::parse(definition(kTop, kField), "berths.toml");
  ASSERT_TRUE(module) << module.error().message();
  EXPECT_EQ(module->name, "berths");
  EXPECT_EQ(module->title.in(service::Language::zh), "z");
  ASSERT_EQ(module->fields.size(), 1u);
  EXPECT_TRUE(module->sort_descending);
  EXPECT_EQ(module->fields[0].length_max, 200u);
  EXPECT_EQ(module->fields[0].on_invalid, OnInvalid::refuse);
}

TEST(ModuleDefinition, ErrorsNameFileLineAndKey) {
  EXPECT_THAT(error_of(definition(kTop, "name = \"code\"\ntype = \"string\"")),
              HasSubstr("berths.toml:10"));
  EXPECT_THAT(error_of(definition(kTop, "name = \"Code\"\ntype = \"text\"")), HasSubstr("a-z"));
  EXPECT_THAT(error_of(definition(kTop, "name = \"sort\"\ntype = \"text\"")),
              HasSubstr("reserved"));
  EXPECT_THAT(error_of(definition(kTop, std::string(kField) + "\ncolour = 1")),
              HasSubstr("not a known key"));
  EXPECT_THAT(error_of("name = \"berths\""), HasSubstr("title"));
}

TEST(ModuleDefinition, WantsEveryLanguage) {
  const std::string toml = definition(kTop, kField);
  const std::string missing = std::string(toml).replace(toml.find("ru = \"r\""), 8, "de = \"d\"");
  EXPECT_THAT(error_of(missing), HasSubstr("ru"));
}

TEST(ModuleDefinition, AKeyFieldMustAlwaysHaveAValue) {
  EXPECT_THAT(error_of(definition(kTop, "name = \"code\"\ntype = \"text\"\nsortable = true")),
              HasSubstr("required"));
  EXPECT_THAT(error_of(definition(kTop, std::string(kField) + "\non_invalid = \"flag\"")),
              HasSubstr("refuse invalid"));
}

TEST(ModuleDefinition, PositionsAreNotSorted) {
  EXPECT_THAT(error_of(definition(kTop, "name = \"code\"\ntype = \"position\"\nsortable = true")),
              HasSubstr("not filtered or sorted"));
}

TEST(ModuleDefinition, TheSampleEstatesDefinitionsAreGood) {
  for (const std::string name : {"ships", "ports", "piracy"}) {
    const Path path = Path(BULKHEAD_SOURCE_DIR) / "estates/imo/modules" / (name + ".toml");
    const auto module = ModuleDefinition::parse(*read_text_file(path, 1 << 20), name + ".toml");
    ASSERT_TRUE(module) << module.error().message();
    EXPECT_EQ(module->name, name);
  }
}

}  // namespace
}  // namespace bulkhead::services::gisis
