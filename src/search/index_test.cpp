#include "search/index.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "search/fold.h"

namespace bulkhead::search {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

class IndexTest : public testing::Test {
 protected:
  void SetUp() override {
    auto index = Index::open(path_);
    ASSERT_TRUE(index) << index.error().message();
    index_ = std::move(*index);
  }
  void put(Document document) { ASSERT_TRUE(index_->put(document)); }
  Answer search(Query query) {
    auto answer = index_->search(query);
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? *answer : Answer{};
  }
  std::vector<std::string> ids(Query query) {
    std::vector<std::string> found;
    for (const Hit& hit : search(std::move(query)).hits) found.push_back(hit.id);
    return found;
  }
  void put_six_languages() {
    put({.id = "en",
         .language = "en",
         .title = "Safety of ships",
         .text = "Lifeboats are inspected."});
    put({.id = "fr",
         .language = "fr",
         .title = "Sécurité des navires",
         .text = "Les canots inspectés."});
    put({.id = "es",
         .language = "es",
         .title = "Seguridad de los buques",
         .text = "Inspección anual."});
    put({.id = "ar", .language = "ar", .title = "سلامة السفن", .text = "تفتيش قوارب النجاة"});
    put({.id = "zh", .language = "zh", .title = "船舶安全", .text = "救生艇每年检查一次。"});
    put({.id = "ru", .language = "ru", .title = "Безопасность судов", .text = "Шлюпки проверены."});
    ASSERT_TRUE(index_->commit());
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("search-test").value();
  const Path path_ = folder_.path() / "index";
  std::unique_ptr<Index> index_;
};

TEST_F(IndexTest, FindsOtherFormsOfAWordInEachLanguage) {
  put_six_languages();
  EXPECT_THAT(ids({.text = "lifeboat inspection", .language = "en"}), ElementsAre("en"));
  EXPECT_THAT(ids({.text = "navire", .language = "fr"}), ElementsAre("fr"));
  EXPECT_THAT(ids({.text = "buque", .language = "es"}), ElementsAre("es"));
  EXPECT_THAT(ids({.text = "سفن", .language = "ar"}), ElementsAre("ar"));
  EXPECT_THAT(ids({.text = "救生艇", .language = "zh"}), ElementsAre("zh"));
  EXPECT_THAT(ids({.text = "安全", .language = "zh"}), ElementsAre("zh"));
  EXPECT_THAT(ids({.text = "шлюпка", .language = "ru"}), ElementsAre("ru"));
}

TEST_F(IndexTest, FindsWordsTypedWithoutTheirAccents) {
  put_six_languages();
  EXPECT_THAT(ids({.text = "securite", .language = "fr"}), ElementsAre("fr"));
  EXPECT_THAT(ids({.text = "INSPECCION", .language = "es"}), ElementsAre("es"));
}

TEST(Fold, LeavesNeitherCaseNorAccents) {
  EXPECT_EQ(fold_case_and_accents("ÎLE de Noël"), "ile de noel");
  EXPECT_EQ(fold_case_and_accents("БЕЗОПАСНОСТЬ"), "безопасность");
  EXPECT_EQ(fold_case_and_accents("Straße"), "strasse");
  EXPECT_EQ(fold_case_and_accents("سَلامة"), "سلامة");
  EXPECT_EQ(fold_case_and_accents("海事"), "海事");
}

TEST_F(IndexTest, FindsWordsOfAnotherLanguageAsTheyStand) {
  put_six_languages();
  EXPECT_THAT(ids({.text = "lifeboats", .language = "ru"}), ElementsAre("en"));
}

TEST_F(IndexTest, SeesNothingBeforeTheCommit) {
  put({.id = "a", .language = "en", .title = "Ballast water"});
  EXPECT_THAT(ids({.text = "ballast", .language = "en"}), IsEmpty());
  ASSERT_TRUE(index_->commit());
  EXPECT_THAT(ids({.text = "ballast", .language = "en"}), ElementsAre("a"));
}

TEST_F(IndexTest, ReplacesAndRemovesById) {
  put({.id = "a", .language = "en", .title = "Ballast water"});
  put({.id = "a", .language = "en", .title = "Sewage"});
  put({.id = "b", .language = "en", .title = "Sewage"});
  ASSERT_TRUE(index_->remove("b"));
  ASSERT_TRUE(index_->commit());
  EXPECT_THAT(ids({.text = "ballast", .language = "en"}), IsEmpty());
  EXPECT_THAT(ids({.text = "sewage", .language = "en"}), ElementsAre("a"));
  ASSERT_TRUE(index_->clear());
  ASSERT_TRUE(index_->commit());
  EXPECT_EQ(index_->document_count(), 0U);
}

TEST_F(IndexTest, MarksWhatWasFoundAndEscapesTheRest) {
  put({.id = "a",
       .language = "en",
       .title = "Rules",
       .text = "If a < b, ships <script> shall wait."});
  ASSERT_TRUE(index_->commit());
  const Answer answer = search({.text = "ship", .language = "en"});
  ASSERT_EQ(answer.hits.size(), 1U);
  EXPECT_THAT(answer.hits[0].snippet_html, HasSubstr("<mark>ships</mark>"));
  EXPECT_THAT(answer.hits[0].snippet_html, HasSubstr("&lt;script&gt;"));
}

TEST_F(IndexTest, MarksOtherFormsOfAWordInEachLanguage) {
  struct Case {
    std::string language, text, words, marked;
  };
  const std::vector<Case> cases = {
      {"ru", "Все шлюпки проверены до выхода в море.", "шлюпка", "<mark>шлюпки</mark>"},
      {"ru", "Судно оснащено радиостанциями.", "радиостанция", "<mark>радиостанциями</mark>"},
      {"ru", "Приняты резолюции о безопасности.", "БЕЗОПАСНОСТЬ", "<mark>безопасности</mark>"},
      {"fr", "Les canots inspectés sont prêts.", "inspecté", "<mark>inspectés</mark>"},
      {"fr", "La sécurité des navires.", "securite", "<mark>sécurité</mark>"},
      {"es", "La inspección de los buques.", "buque", "<mark>buques</mark>"},
      {"es", "La inspección de los buques.", "INSPECCION", "<mark>inspección</mark>"},
      {"ar", "تفتيش قوارب النجاة في الميناء", "نجاة", "<mark>النجاة</mark>"},
      {"zh", "救生艇每年检查一次。", "检查", "<mark>检查</mark>"}};
  for (const Case& each : cases) {
    put({.id = "a", .language = each.language, .title = "A", .text = each.text});
    ASSERT_TRUE(index_->commit());
    // The reader's language is not always the document's.
    for (const std::string& reader : {each.language, std::string("en")}) {
      const Answer answer = search({.text = each.words, .language = reader});
      if (answer.hits.empty() && reader != each.language) continue;  // another form than is there
      ASSERT_EQ(answer.hits.size(), 1U) << each.words;
      EXPECT_THAT(answer.hits[0].snippet_html, HasSubstr(each.marked)) << each.words << reader;
    }
  }
}

TEST_F(IndexTest, FiltersAndCountsByFacets) {
  put({.id = "1",
       .language = "en",
       .title = "Report",
       .facets = {{"body", "MSC"}, {"topic", "x"}, {"topic", "y"}}});
  put({.id = "2",
       .language = "en",
       .title = "Report",
       .facets = {{"body", "MEPC"}, {"topic", "y"}}});
  put({.id = "3", .language = "fr", .title = "Report", .facets = {{"body", "MSC"}}});
  ASSERT_TRUE(index_->commit());
  Query query{
      .text = "report", .language = "en", .count_facets = {"body", "topic", "language", "none"}};
  const Answer all = search(query);
  EXPECT_EQ(all.total, 3U);
  EXPECT_THAT(all.facets.at("body"), UnorderedElementsAre(Pair("MSC", 2U), Pair("MEPC", 1U)));
  EXPECT_THAT(all.facets.at("topic"), UnorderedElementsAre(Pair("x", 1U), Pair("y", 2U)));
  EXPECT_THAT(all.facets.at("language"), UnorderedElementsAre(Pair("en", 2U), Pair("fr", 1U)));
  query.filters = {{"body", "MSC"}, {"language", "en"}};
  EXPECT_THAT(ids(query), ElementsAre("1"));
  query.filters = {{"body", "MSC"}, {"body", "MEPC"}};
  EXPECT_EQ(search(query).total, 3U);
}

TEST_F(IndexTest, OrdersByDateAndPagesThroughAll) {
  for (int i = 0; i < 25; ++i) {
    put({.id = std::to_string(i), .language = "en", .title = "Circular", .sort_value = i});
  }
  ASSERT_TRUE(index_->commit());
  Query query{.text = "circular",
              .language = "en",
              .offset = 20,
              .limit = 10,
              .order = Order::newest_first};
  EXPECT_THAT(ids(query), ElementsAre("4", "3", "2", "1", "0"));
  query.offset = 1'000'000;
  EXPECT_THAT(ids(query), IsEmpty());
  EXPECT_EQ(search(query).total, 25U);
}

TEST_F(IndexTest, FindsEverythingForAnEmptyQuery) {
  put_six_languages();
  EXPECT_EQ(search({.text = "  "}).total, 6U);
}

TEST_F(IndexTest, TakesAnyTextForAQuery) {
  put_six_languages();
  for (const std::string text : {"\"unclosed", "((", "AND OR NOT", "title:", "-", "+ +", "a*",
                                 "\xff\xfe", "NEAR/x", "ship NOT", "MSC 108/3"}) {
    EXPECT_TRUE(index_->search({.text = text, .language = "en"})) << text;
  }
  EXPECT_TRUE(index_->search({.text = std::string(100'000, 'x'), .language = "en"}));
}

TEST_F(IndexTest, SuggestsAnotherSpelling) {
  put({.id = "a", .language = "en", .title = "Navigation", .text = "navigation navigation"});
  ASSERT_TRUE(index_->commit());
  EXPECT_EQ(search({.text = "navigaton", .language = "en"}).suggestion, "navigation");
}

TEST_F(IndexTest, KeepsLongIdsApart) {
  const std::string same(400, 'p');
  put({.id = same + "1", .language = "en", .title = "Twin"});
  put({.id = same + "2", .language = "en", .title = "Twin"});
  ASSERT_TRUE(index_->commit());
  EXPECT_EQ(search({.text = "twin", .language = "en"}).total, 2U);
}

TEST_F(IndexTest, RefusesMoreTextThanItsLimit) {
  const auto result =
      index_->put({.id = "a", .language = "en", .text = std::string(kTextSizeMax + 1, 'x')});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind(), ErrorKind::limit);
}

TEST_F(IndexTest, AnswersWhileAnotherThreadWrites) {
  put_six_languages();
  std::atomic<bool> done = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        const auto answer = index_->search({.text = "lifeboats", .language = "en"});
        EXPECT_TRUE(answer) << answer.error().message();
      }
    });
  }
  for (int i = 0; i < 60; ++i) {
    put({.id = "more" + std::to_string(i), .language = "en", .title = "Anchor", .text = "chain"});
    ASSERT_TRUE(index_->commit());
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(search({.text = "anchor", .language = "en"}).total, 60U);
}

TEST_F(IndexTest, LeavesACopyThatOpens) {
  put_six_languages();
  const Path copy = folder_.path() / "copy";
  ASSERT_TRUE(index_->copy_to(copy));
  ASSERT_TRUE(index_->copy_to(copy));
  const auto opened = Index::open(copy);
  ASSERT_TRUE(opened);
  EXPECT_EQ((*opened)->document_count(), 6U);
  EXPECT_TRUE((*opened)->check_integrity());
}

TEST_F(IndexTest, SaysWhatIsCorrupt) {
  put_six_languages();
  index_.reset();
  ASSERT_TRUE(write_file_atomic(path_ / "postlist.glass", as_bytes(std::string(8192, 'E'))));
  const auto opened = Index::open(path_);
  const bool noticed = !opened || !(*opened)->check_integrity();
  EXPECT_TRUE(noticed);
  ASSERT_TRUE(write_file_atomic(path_ / "iamglass", as_bytes("encrypted")));
  const auto broken = Index::open(path_);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().kind(), ErrorKind::corrupt);
}

}  // namespace
}  // namespace bulkhead::search
