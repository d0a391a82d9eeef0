#include "services/imodocs/library/library.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::services::imodocs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kBodies = R"(
[[body]]
code = "MSC"
name = { en = "Safety", fr = "Sécurité", es = "Seguridad", ar = "السلامة", zh = "安全", ru = "Безопасность" }
)";
constexpr std::string_view kSession = R"(
[session]
body = "MSC"
number = "201"
opens = "2020-05-11"
closes = "2020-05-20"
[[document]]
symbol = "MSC 201/3"
type = "note"
date = "2020-04-02"
title = { en = "Recovery", fr = "Rétablissement" }
[[document]]
symbol = "MSC 201/1"
type = "agenda"
title = { en = "Agenda" }
)";

// Reads what a test says that a file says, and counts how often it was asked.
class SaidText final : public TextExtractor {
 public:
  Result<std::string> extract(const Path& pdf) const override {
    ++calls;
    const auto found = texts.find(pdf.filename().string());
    if (found == texts.end()) return fail(ErrorKind::corrupt, "no such text");
    return found->second;
  }
  std::map<std::string, std::string> texts;
  mutable int calls = 0;
};

class LibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    write("bodies.toml", kBodies);
    write("MSC/201/documents.toml", kSession);
    write("MSC/201/MSC 201-3 (E).pdf", "%PDF-1.4 english");
    write("MSC/201/MSC 201-3 (F).pdf", "%PDF-1.4 french");
    extractor_.texts = {{"MSC 201-3 (E).pdf", "A probe from outside is made."},
                        {"MSC 201-3 (F).pdf", "Une vérification de l’extérieur."}};
    open();
  }
  void write(const std::string& name, std::string_view content) {
    const Path path = data_.path() / "documents" / name;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file_atomic(path, as_bytes(content)));
  }
  void open() {
    library_.reset();
    auto opened = Library::open(data_.path(), extractor_);
    ASSERT_TRUE(opened) << opened.error().message();
    library_ = std::move(*opened);
  }
  std::uint64_t found(SearchRequest request, Language reader = Language::en) {
    const auto answer = library_->search(request, reader);
    EXPECT_TRUE(answer) << answer.error().message();
    return answer->total;
  }

  TemporaryDirectory data_ = *TemporaryDirectory::create("library");
  SaidText extractor_;
  std::unique_ptr<Library> library_;
};

TEST_F(LibraryTest, OrdersDocumentsBySymbolAndKnowsTheirLanguages) {
  const Catalogue& catalogue = library_->catalogue();
  ASSERT_EQ(catalogue.sessions().size(), 1u);
  const Session* session = catalogue.find_session("MSC-201");
  ASSERT_NE(session, nullptr);
  ASSERT_EQ(session->documents.size(), 2u);
  EXPECT_EQ(session->documents[0]->symbol.text(), "MSC 201/1");
  EXPECT_TRUE(session->documents[1]->exists_in(Language::fr));
  EXPECT_FALSE(session->documents[1]->exists_in(Language::ar));
  EXPECT_THAT(catalogue.problems(), IsEmpty());
}

TEST_F(LibraryTest, FindsWordsWithinTheLanguageAndTheFilters) {
  EXPECT_EQ(found({.text = "probes"}), 1u);
  EXPECT_EQ(found({.text = "vérifications"}, Language::fr), 1u);
  EXPECT_EQ(found({.text = "probe", .session = "MSC-201"}), 1u);
  EXPECT_EQ(found({.text = "probe", .session = "MSC-202"}), 0u);
  EXPECT_EQ(found({.text = "probe", .type = "agenda"}), 0u);
  EXPECT_EQ(found({.text = ""}), 2u);
}

TEST_F(LibraryTest, ReadsOnlyWhatHasChanged) {
  EXPECT_EQ(extractor_.calls, 2);
  open();
  EXPECT_EQ(extractor_.calls, 2);
  write("MSC/201/MSC 201-3 (E).pdf", "%PDF-1.4 english, longer");
  extractor_.texts["MSC 201-3 (E).pdf"] = "A rehearsal is made.";
  open();
  EXPECT_EQ(extractor_.calls, 3);
  EXPECT_EQ(found({.text = "rehearsal"}), 1u);
  EXPECT_EQ(found({.text = "probe"}), 0u);
  ASSERT_TRUE(remove_tree(data_.path() / "documents/MSC/201/MSC 201-3 (F).pdf"));
  open();
  EXPECT_EQ(found({.text = ""}), 1u);
}

TEST_F(LibraryTest, MakesABrokenIndexAnew) {
  library_.reset();
  for (const auto& file : std::filesystem::directory_iterator(data_.path() / ".index")) {
    ASSERT_TRUE(write_file_atomic(file.path(), as_bytes("encrypted by an attacker")));
  }
  open();
  EXPECT_EQ(found({.text = "probe"}), 1u);
}

TEST_F(LibraryTest, KeepsADocumentWhoseWordsCannotBeRead) {
  extractor_.texts.clear();
  ASSERT_TRUE(remove_tree(data_.path() / ".index-state"));
  open();
  EXPECT_EQ(library_->unreadable_count(), 2u);
  EXPECT_EQ(found({.text = "recovery"}), 1u);
}

TEST_F(LibraryTest, NamesWhatIsWrongAndShowsTheRest) {
  write("FAL/144/documents.toml", "[[document]]\nsymbol = \"FAL\"\n");
  write("MSC/201/MSC 201-9 (E).pdf", "%PDF-1.4");
  open();
  EXPECT_EQ(library_->catalogue().problems().size(), 2u);
  EXPECT_EQ(library_->catalogue().documents().size(), 2u);
  const auto integrity = library_->check_integrity();
  ASSERT_FALSE(integrity);
  EXPECT_THAT(integrity.error().message(), HasSubstr("FAL"));
}

TEST_F(LibraryTest, FindsAFileThatIsNoLongerWhatItWas) {
  EXPECT_TRUE(library_->check_integrity());
  write("MSC/201/MSC 201-3 (F).pdf", "\x8f\x01 encrypted");
  const auto integrity = library_->check_integrity();
  ASSERT_FALSE(integrity);
  EXPECT_EQ(integrity.error().kind(), ErrorKind::corrupt);
  EXPECT_THAT(integrity.error().message(), HasSubstr("MSC 201-3 (F).pdf"));
}

}  // namespace
}  // namespace bulkhead::services::imodocs
