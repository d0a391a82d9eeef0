#include "services/imodocs/domain/symbol.h"

#include <algorithm>

#include <gtest/gtest.h>

namespace bulkhead::services::imodocs {
namespace {

DocumentSymbol symbol(std::string_view text) {
  auto parsed = DocumentSymbol::parse(text);
  EXPECT_TRUE(parsed) << text << ": " << parsed.error().message();
  return *parsed;
}

TEST(DocumentSymbol, ReadsEveryFormInUse) {
  for (const auto* text : {"MSC 101/18/2",
                           "MSC 107/1",
                           "MEPC 70/INF.10",
                           "III 9/WP.3",
                           "ALCOM/ES/WP.1/Rev.1",
                           "C/ES.25/D",
                           "C/ES.18/16/Add.2",
                           "MSC-MEPC.3/Circ.4/Rev.1",
                           "MSC.1/Circ.1259/Rev.7",
                           "Circular Letter No.3827",
                           "A.1117(30)",
                           "MSC.428(98)",
                           "FAL.13(42)",
                           "C 125/3(a)/1",
                           "MSC 101/24/Add.1/Corr.2",
                           "FAL 44/J/3",
                           "MSC/Circ.1010",
                           "MSC-FAL.1/Circ.3",
                           "Circular Letter No.3827/Add.1",
                           "MEPC.1/Circ.834/Rev.1"}) {
    EXPECT_EQ(symbol(text).text(), text);
    EXPECT_EQ(symbol(symbol(text).slug()), symbol(text)) << symbol(text).slug();
  }
}

TEST(DocumentSymbol, IsTheSameHoweverItIsTyped) {
  for (const auto* text :
       {"msc 101/18/2", "MSC-101-18-2", "MSC 101-18-2", " MSC  101 / 18 / 2 ", "MSC/101/18/2"}) {
    EXPECT_EQ(symbol(text), symbol("MSC 101/18/2")) << text;
  }
  EXPECT_EQ(symbol("circular letter no. 3827").text(), "Circular Letter No.3827");
  EXPECT_EQ(symbol("c-es.25-d").text(), "C/ES.25/D");
}

TEST(DocumentSymbol, SaysItsParts) {
  const DocumentSymbol circular = symbol("MSC-MEPC.3/Circ.4/Rev.1");
  EXPECT_EQ(circular.kind(), SymbolKind::circular);
  EXPECT_EQ(circular.body(), "MSC-MEPC.3");
  const DocumentSymbol resolution = symbol("A.1117(30)");
  EXPECT_EQ(resolution.kind(), SymbolKind::resolution);
  EXPECT_EQ(resolution.session(), "30");
  EXPECT_EQ(symbol("C/ES.25/D").session(), "ES.25");
}

TEST(DocumentSymbol, RefusesWhatIsNone) {
  for (const auto* text :
       {"", "MSC", "MSC 101", "101/18", "MSC 101/", "MSC 101/Add.1", "MSC 101/18/Add.2/3",
        "MSC 101/INF", "MSC 101/INF.x", "Circ.4", "A.1117", "A.1117(30", "A.(30)",
        "../../etc/passwd", "MSC 101/18/\xff", "Circular Letter No.", "Circular Letter No.1/2",
        "MSC 1000000000/1", "MSC 1/1/1/1/1/1/1/1/1/1/1/1"}) {
    EXPECT_FALSE(DocumentSymbol::parse(text)) << text;
  }
}

TEST(DocumentSymbol, SortsAsAMeetingListsItsDocuments) {
  const std::vector<std::string> wanted = {
      "MEPC 70/INF.10",   "MSC 99/1",        "MSC 101/1",
      "MSC 101/2",        "MSC 101/2/Rev.1", "MSC 101/2/Add.1",
      "MSC 101/2/Corr.1", "MSC 101/2/1",     "MSC 101/18",
      "MSC 101/INF.2",    "MSC 101/INF.10",  "MSC 101/WP.1",
      "MSC.1/Circ.9",     "MSC.1/Circ.1259", "Circular Letter No.3827",
      "A.1117(30)"};
  std::vector<DocumentSymbol> symbols;
  for (auto text = wanted.rbegin(); text != wanted.rend(); ++text) symbols.push_back(symbol(*text));
  std::sort(symbols.begin(), symbols.end());
  std::vector<std::string> sorted;
  for (const DocumentSymbol& each : symbols) sorted.push_back(each.text());
  EXPECT_EQ(sorted, wanted);
}

TEST(DocumentFileName, CarriesSymbolAndLanguage) {
  const auto name = parse_file_name("MEPC 70-INF.10 (E).docx");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->symbol.text(), "MEPC 70/INF.10");
  EXPECT_EQ(name->language, service::Language::en);
  EXPECT_EQ(parse_file_name("MEPC 70-INF.10")->symbol.text(), "MEPC 70/INF.10");
  EXPECT_EQ(parse_file_name("A.1117(30) (R).pdf")->language, service::Language::ru);
  EXPECT_EQ(parse_file_name("A.1117(30).pdf")->symbol.text(), "A.1117(30)");
  EXPECT_FALSE(parse_file_name("notes (E).pdf"));
  EXPECT_EQ(file_name_of(symbol("MEPC 70/INF.10"), service::Language::zh, "pdf"),
            "MEPC 70-INF.10 (C).pdf");
  for (const service::Language language : service::kLanguages) {
    const auto back = parse_file_name(file_name_of(symbol("C/ES.25/D"), language, "pdf"));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->language, language);
    EXPECT_EQ(back->symbol.text(), "C/ES.25/D");
  }
}

}  // namespace
}  // namespace bulkhead::services::imodocs
