#include <array>

#include <gmock/gmock.h>

#include "services/website/domain/content_store.h"

namespace bulkhead::services::website {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::array<std::string_view, 3> kLanguages = {"en", "fr", "ar"};

class ContentFolder : public testing::Test {
 protected:
  void write(const std::string& file, std::string_view content) {
    const Path path = data() / file;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file_atomic(path, as_bytes(content)));
  }
  void write_page(const std::string& file, const std::string& title, int order = 0) {
    write(file, "+++\ntitle = \"" + title + "\"\ndescription = \"d\"\norder = " +
                    std::to_string(order) + "\n+++\nText of " + title + "\n");
  }
  const Path& data() const { return folder_.path(); }

  TemporaryDirectory folder_ = TemporaryDirectory::create("website-content").value();
  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
};

TEST_F(ContentFolder, FindsPagesByPathAndNewsNewestFirst) {
  write_page("pages/home/en.md", "Home", 1);
  write_page("pages/safety/polar-code/en.md", "Polar Code");
  write_page("news/2026-01-02-older/en.md", "Older");
  write_page("news/2026-03-04-newer/en.md", "Newer");
  const Content content = Content::load(data(), kLanguages);
  EXPECT_TRUE(content.problems().empty());
  EXPECT_EQ(content.document_count(), 4u);
  ASSERT_NE(content.page(""), nullptr);
  EXPECT_EQ(content.page("")->at("en").title, "Home");
  ASSERT_NE(content.page("safety/polar-code"), nullptr);
  EXPECT_EQ(content.page("safety"), nullptr);
  ASSERT_EQ(content.news().size(), 2u);
  EXPECT_EQ(content.news()[0].slug, "2026-03-04-newer");
  EXPECT_EQ(content.news()[0].date, "2026-03-04");
  EXPECT_NE(content.news_item("2026-01-02-older"), nullptr);
}

TEST_F(ContentFolder, FallsBackToTheFirstLanguageThatThereIs) {
  write_page("pages/home/en.md", "Home");
  write_page("pages/home/fr.md", "Accueil");
  write_page("pages/only-arabic/ar.md", "عربي");
  const Content content = Content::load(data(), kLanguages);
  EXPECT_EQ(content.in_language(*content.page(""), "fr").title, "Accueil");
  EXPECT_EQ(content.in_language(*content.page(""), "ar").title, "Home");
  EXPECT_EQ(content.in_language(*content.page("only-arabic"), "fr").language, "ar");
}

TEST_F(ContentFolder, MenuHoldsPagesWithAnOrderByIt) {
  write_page("pages/home/en.md", "Home", 1);
  write_page("pages/b/en.md", "B", 30);
  write_page("pages/a/en.md", "A", 40);
  write_page("pages/c/en.md", "C");
  const Content content = Content::load(data(), kLanguages);
  std::vector<std::string> titles;
  for (const Document* document : content.menu("en")) titles.push_back(document->title);
  EXPECT_THAT(titles, ElementsAre("Home", "B", "A"));
}

TEST_F(ContentFolder, SkipsBadFilesAndNamesThem) {
  write_page("pages/home/en.md", "Home");
  write("pages/broken/en.md", "no front matter");
  write_page("pages/search/en.md", "Hides the search");
  write_page("news/undated/en.md", "Undated");
  const Content content = Content::load(data(), kLanguages);
  std::vector<std::string> files;
  for (const Problem& problem : content.problems()) files.push_back(problem.file);
  EXPECT_THAT(files, ElementsAre("pages/broken/en.md", "pages/search", "news/undated"));
  EXPECT_NE(content.page(""), nullptr);
}

TEST_F(ContentFolder, IgnoresFilesThatItDoesNotKnow) {
  write_page("pages/home/en.md", "Home");
  write("pages/home/budget.xlsx", "canary");
  write("pages/home/de.md", "not a language of this site");
  const Content content = Content::load(data(), kLanguages);
  EXPECT_TRUE(content.problems().empty());
  EXPECT_EQ(content.document_count(), 1u);
}

TEST_F(ContentFolder, DoesNotFollowLinksOutOfTheFolder) {
  write_page("pages/home/en.md", "Home");
  write("secret.md", "+++\ntitle = \"S\"\ndescription = \"S\"\n+++\n");
  std::filesystem::create_directories(data() / "pages/leak");
  std::filesystem::create_symlink(data() / "secret.md", data() / "pages/leak/en.md");
  EXPECT_EQ(Content::load(data(), kLanguages).page("leak"), nullptr);
}

TEST_F(ContentFolder, IsReadAgainWhenAFileChanges) {
  write_page("pages/home/en.md", "Before");
  ContentStore store(data(), kLanguages, clock_);
  const auto before = store.current();
  EXPECT_EQ(before->page("")->at("en").title, "Before");
  write_page("pages/home/en.md", "Afterwards");
  EXPECT_EQ(store.current(), before);
  clock_.advance(kLookInterval);
  EXPECT_EQ(store.current()->page("")->at("en").title, "Afterwards");
  EXPECT_EQ(before->page("")->at("en").title, "Before");
}

TEST_F(ContentFolder, OneBadFileDoesNotTakeTheSiteDownButMassDamageDoes) {
  write_page("pages/home/en.md", "Home");
  for (int i = 0; i < 9; ++i) write_page("pages/p" + std::to_string(i) + "/en.md", "P");
  ContentStore store(data(), kLanguages, clock_);
  EXPECT_TRUE(store.check_ready());
  EXPECT_TRUE(store.check_integrity());

  write("pages/p0/en.md", "\x8f\x01 encrypted");
  clock_.advance(kLookInterval);
  EXPECT_TRUE(store.check_ready());
  const auto integrity = store.check_integrity();
  ASSERT_FALSE(integrity);
  EXPECT_THAT(integrity.error().message(), HasSubstr("pages/p0/en.md"));

  for (int i = 1; i < 4; ++i) write("pages/p" + std::to_string(i) + "/en.md", "\x8f encrypted");
  clock_.advance(kLookInterval);
  EXPECT_FALSE(store.check_ready());
}

TEST_F(ContentFolder, IsNotReadyWithoutAHomePage) {
  write_page("pages/about/en.md", "About");
  ContentStore store(data(), kLanguages, clock_);
  EXPECT_FALSE(store.check_ready());
}

}  // namespace
}  // namespace bulkhead::services::website
