#include "supervisor/messages/messages.h"

#include <set>

#include <gtest/gtest.h>

#include "config/document.h"
#include "supervisor/embedded.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor {
namespace {

std::set<std::string> keys_of(std::string_view language) {
  const std::string name = "messages/" + std::string(language) + ".toml";
  const auto document =
      config::Document::parse(find_embedded(embedded_files(), name)->content, name);
  EXPECT_TRUE(document) << document.error().message();
  std::set<std::string> out;
  for (const auto& key : document->root().keys()) {
    out.insert(key);
    const auto section = document->root().table(key);
    if (!section) continue;
    for (const auto& inner : section->keys()) out.insert(key + "." + inner);
  }
  return out;
}

TEST(Messages, EveryLanguageHasEveryKey) {
  for (const std::string_view language : kLanguages) EXPECT_EQ(keys_of(language), keys_of("en"));
}

TEST(Messages, ReplacesTheNamesInEveryLanguagesSteps) {
  const auto messages = Messages::load();
  ASSERT_TRUE(messages) << messages.error().message();
  for (const std::string_view language : kLanguages) {
    for (const std::string_view step : {"investigating", "contained", "identified", "restoring",
                                        "verifying", "restored", "sealed_again", "resolved"}) {
      const std::string text =
          messages->text_with(language, "step." + std::string(step), "services", "GISIS");
      EXPECT_NE(text.find("GISIS"), std::string::npos);
      EXPECT_EQ(text.find('{'), std::string::npos);
    }
  }
}

TEST(Messages, ArabicIsRightToLeft) {
  const auto messages = Messages::load();
  ASSERT_TRUE(messages);
  EXPECT_EQ(messages->text("ar", "direction"), "rtl");
  EXPECT_EQ(messages->text("fr", "direction"), "ltr");
  EXPECT_EQ(Messages::list("ar", {"أ", "ب"}), "أ، ب");
}

}  // namespace
}  // namespace bulkhead::supervisor
