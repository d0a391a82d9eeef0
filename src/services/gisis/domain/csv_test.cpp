#include "services/gisis/domain/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::services::gisis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Rows = std::vector<std::vector<std::string>>;

Result<Rows> read_all(std::string_view text) {
  CsvReader reader(source_of(text));
  Rows rows;
  while (auto row = TRY(reader.next())) rows.push_back(row->cells);
  return rows;
}

TEST(Csv, ReadsQuotesLineEndsAndSeparatorsWithinCells) {
  EXPECT_EQ(*read_all("a,b\r\n\"x, \"\"y\"\"\",\"two\r\nlines\"\r\n"),
            (Rows{{"a", "b"}, {"x, \"y\"", "two\r\nlines"}}));
}

TEST(Csv, ReadsEveryLineEndAndALastLineWithoutOne) {
  EXPECT_EQ(*read_all("a,b\n1,2\r3,4\r\n5,6"),
            (Rows{{"a", "b"}, {"1", "2"}, {"3", "4"}, {"5", "6"}}));
}

TEST(Csv, SkipsTheByteOrderMarkAndBlankLines) {
  EXPECT_EQ(*read_all("\xef\xbb\xbfname\n\n\nx\n\n"), (Rows{{"name"}, {"x"}}));
  EXPECT_EQ(*read_all(""), Rows{});
  EXPECT_EQ(*read_all("\xef\xbb\xbf"), Rows{});
}

TEST(Csv, TakesTheSeparatorThatTheHeaderUses) {
  EXPECT_EQ(*read_all("a;b;\"c,d\"\n1,5;2;3"), (Rows{{"a", "b", "c,d"}, {"1,5", "2", "3"}}));
  EXPECT_EQ(*read_all("a\tb\n1\t2"), (Rows{{"a", "b"}, {"1", "2"}}));
}

TEST(Csv, KeepsWhatStandsOutsideTheQuotes) {
  EXPECT_EQ(*read_all("a,b\n\"x\"tail,mid\"dle\n"), (Rows{{"a", "b"}, {"xtail", "mid\"dle"}}));
}

TEST(Csv, NamesTheLineOfAQuoteThatIsNeverClosed) {
  const auto rows = read_all("a,b\n1,2\n\"open,3\n4,5\n");
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().kind(), ErrorKind::invalid);
  EXPECT_THAT(rows.error().message(), HasSubstr("line 3"));
}

TEST(Csv, LimitsCellsAndColumns) {
  EXPECT_EQ(read_all("a\n" + std::string(kCsvCellSizeMax + 1, 'x')).error().kind(),
            ErrorKind::limit);
  EXPECT_EQ(read_all(std::string(kCsvColumnsMax, ',')).error().kind(), ErrorKind::limit);
  EXPECT_TRUE(read_all("a\n" + std::string(kCsvCellSizeMax, 'x')));
}

TEST(Csv, CountsRowsAndLinesApart) {
  CsvReader reader(source_of("h\n\"a\nb\"\nc\n"));
  EXPECT_EQ((*reader.next())->line, 1u);
  EXPECT_EQ((*reader.next())->line, 2u);
  const auto third = *reader.next();
  EXPECT_EQ(third->line, 4u);
  EXPECT_EQ(third->number, 3u);
}

TEST(Csv, ReadsTheSameWhateverThePiecesAre) {
  const std::string text = "a,b\r\n\"x\"\"y\",\r\n\"q\r\n\",2";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    std::string_view rest = text;
    CsvReader reader([&](MutableByteView out) -> Result<std::size_t> {
      const std::size_t size = std::min({out.size(), rest.size(), piece});
      std::copy_n(rest.begin(), size, out.begin());
      rest.remove_prefix(size);
      return size;
    });
    Rows rows;
    while (auto row = *reader.next()) rows.push_back(row->cells);
    EXPECT_EQ(rows, (Rows{{"a", "b"}, {"x\"y", ""}, {"q\r\n", "2"}}));
  }
}

TEST(Csv, WritesWhatItReads) {
  const std::vector<std::string> cells = {"",    "plain", "a,b", "\"q\"",   "two\r\nlines", "=1+1",
                                          "'=x", "''@y",  "-5",  "O'Brien", "'quoted'"};
  std::string out;
  for (const auto& cell : cells) append_csv_cell(out, cell, CellKind::text);
  end_csv_row(out);
  const auto rows = *read_all(out);
  ASSERT_EQ(rows.size(), 1u);
  std::vector<std::string> back;
  for (const auto& cell : rows[0]) back.push_back(unguard_formula(cell));
  EXPECT_EQ(back, cells);
}

TEST(Csv, GuardsTextAgainstBeingRunAsAFormulaButNotNumbers) {
  std::string out;
  append_csv_cell(out, "=HYPERLINK(1)", CellKind::text);
  append_csv_cell(out, "-12.5", CellKind::data);
  EXPECT_EQ(out, "'=HYPERLINK(1),-12.5");
}

}  // namespace
}  // namespace bulkhead::services::gisis
