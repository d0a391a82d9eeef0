#include "services/publications/domain/catalogue.h"

#include <gmock/gmock.h>

#include "services/publications/domain/zip_builder.h"

namespace bulkhead::services::publications {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BooksFolder : public testing::Test {
 protected:
  void write(const std::string& name, ByteView content) {
    ASSERT_TRUE(write_file_atomic(folder_.path() / name, content));
  }
  static std::vector<std::string> ids(const std::vector<const Publication*>& publications) {
    std::vector<std::string> out;
    for (const Publication* publication : publications) out.push_back(publication->id);
    return out;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("books").value();
};

TEST_F(BooksFolder, ListsEveryBookWithWhatItsSupplementAdds) {
  write("flags.epub", test_book().build());
  write("more.epub", test_book().build());
  write("more.toml", as_bytes("code = \"IB200F\"\ntitle = \"More flags\"\nsample = true\n"));
  const Catalogue catalogue = Catalogue::load(folder_.path());
  EXPECT_THAT(catalogue.problems(), IsEmpty());
  ASSERT_EQ(catalogue.publications().size(), 2u);
  const Publication* more = catalogue.find("more");
  ASSERT_NE(more, nullptr);
  EXPECT_EQ(more->code, "IB200F");
  EXPECT_EQ(more->title, "More flags");
  EXPECT_TRUE(more->is_sample);
  EXPECT_EQ(more->language, "fr");
  EXPECT_EQ(more->date, "2026-03-04");
  EXPECT_EQ(catalogue.find("flags")->title, "Signals & Flags");
  EXPECT_EQ(catalogue.find("none"), nullptr);
  EXPECT_THAT(catalogue.languages(), ElementsAre("fr"));
  EXPECT_TRUE(catalogue.check());
}

TEST_F(BooksFolder, SearchWantsEveryWordAndTheLanguage) {
  write("a.epub", test_book().build());
  write("b.epub", test_book().build());
  write("b.toml", as_bytes("title = \"Polar waters\"\n"));
  const Catalogue catalogue = Catalogue::load(folder_.path());
  EXPECT_THAT(ids(catalogue.search({.text = "SIGNALS haddad", .language = {}})), ElementsAre("a"));
  EXPECT_THAT(ids(catalogue.search({.text = "signals polar", .language = {}})), IsEmpty());
  EXPECT_THAT(ids(catalogue.search({.text = "", .language = "fr"})), ElementsAre("b", "a"));
  write("c.epub", test_book().build());
  write("c.toml", as_bytes("title = \"Sécurité en МОРЕ\"\n"));
  const Catalogue more = Catalogue::load(folder_.path());
  EXPECT_THAT(ids(more.search({.text = "SECURITE море", .language = {}})), ElementsAre("c"));
  EXPECT_THAT(ids(catalogue.search({.text = "", .language = "ar"})), IsEmpty());
}

TEST_F(BooksFolder, LeavesOutWhatCannotBeReadAndNamesIt) {
  write("good.epub", test_book().build());
  write("bad.epub", as_bytes("\x01\x02 encrypted"));
  write("odd name.epub", test_book().build());
  write("misspelt.epub", test_book().build());
  write("misspelt.toml", as_bytes("titel = \"X\"\n"));
  write("canary.docx", as_bytes("not a book"));
  const Catalogue catalogue = Catalogue::load(folder_.path());
  EXPECT_EQ(catalogue.publications().size(), 1u);
  std::vector<std::string> files;
  for (const CatalogueProblem& problem : catalogue.problems()) files.push_back(problem.file);
  EXPECT_THAT(files, ElementsAre("bad.epub", "misspelt.epub", "odd name.epub"));
  const auto check = catalogue.check();
  ASSERT_FALSE(check);
  EXPECT_THAT(check.error().message(), HasSubstr("bad.epub"));
}

TEST_F(BooksFolder, FingerprintSeesAChangedBook) {
  write("a.epub", test_book().build());
  const std::uint64_t before = catalogue_fingerprint(folder_.path());
  EXPECT_EQ(catalogue_fingerprint(folder_.path()), before);
  write("a.toml", as_bytes("code = \"1\"\n"));
  EXPECT_NE(catalogue_fingerprint(folder_.path()), before);
}

TEST_F(BooksFolder, AMissingFolderIsAProblemAndNotAnEmptyCatalogue) {
  const Catalogue catalogue = Catalogue::load(folder_.path() / "none");
  EXPECT_EQ(catalogue.problems().size(), 1u);
  EXPECT_FALSE(catalogue.check());
}

}  // namespace
}  // namespace bulkhead::services::publications
