// Comma-separated values (RFC 4180) as they come: with or without a byte order mark, with CRLF, LF
// or CR, with commas, semicolons or tabs, quotes within quoted cells, and line ends in them. Reads
// piece by piece, so that the file's size does not matter; what must fit is one row.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::services::gisis {

inline constexpr std::size_t kCsvCellSizeMax = 256 * 1024;
inline constexpr std::size_t kCsvColumnsMax = 256;

struct CsvRow {
  std::uint64_t number = 0;  // 1 is the first row, usually the header
  std::uint64_t line = 0;    // where it begins
  std::vector<std::string> cells;
};

// Not thread-safe. After an error the reader must not be used again.
class CsvReader {
 public:
  // Fills `out` and answers how much; 0 is the end.
  using Source = std::function<Result<std::size_t>(MutableByteView out)>;
  explicit CsvReader(Source source);

  // nullopt at the end. Blank lines are skipped. Errors: kind limit for a cell or row that is too
  // large, kind invalid for a quotation mark that is never closed; both name the line.
  Result<std::optional<CsvRow>> next();

 private:
  Result<int> peek();
  Result<int> take();
  Result<void> skip_byte_order_mark();
  Result<void> choose_separator();
  Result<void> read_cell(std::string& cell);
  Result<void> read_quoted(std::string& cell);
  Result<void> refill();

  Source source_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool ended_ = false;
  bool started_ = false;
  char separator_ = ',';
  std::uint64_t line_ = 1;
  std::uint64_t rows_ = 0;
};

// A reader of text in memory, which must outlive it.
CsvReader::Source source_of(std::string_view text);

enum class CellKind {
  data,  // numbers, dates, codes: written as they are
  text,  // what a person wrote: see guard_formula
};

// Spreadsheets run a cell that begins with = + - @ or a tab as a formula. Such text gets an
// apostrophe in front, which they show as text; unguard_formula takes it away again, so that an
// export can be imported as it is.
std::string guard_formula(std::string_view text);
std::string unguard_formula(std::string_view text);

void append_csv_cell(std::string& out, std::string_view cell, CellKind kind);
void end_csv_row(std::string& out);

}  // namespace bulkhead::services::gisis
