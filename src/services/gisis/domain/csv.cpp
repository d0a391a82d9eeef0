#include "services/gisis/domain/csv.h"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kReadSize = 64 * 1024;
// Enough of the first line to tell commas from semicolons.
constexpr std::size_t kSeparatorWindow = 4096;
constexpr int kEnd = -1;
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

// Apostrophes in front of such a character are counted in, so that one that was there already is
// not taken for ours.
bool begins_guardable(std::string_view text) {
  while (text.starts_with('\'')) text.remove_prefix(1);
  return !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
}

}  // namespace

CsvReader::CsvReader(Source source) : source_(std::move(source)) {}

Result<void> CsvReader::refill() {
  buffer_.erase(0, at_);
  at_ = 0;
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadSize);
  const std::size_t got =
      TRY(source_({reinterpret_cast<std::uint8_t*>(buffer_.data()) + had, kReadSize}));
  buffer_.resize(had + got);
  if (got == 0) ended_ = true;
  return {};
}

Result<int> CsvReader::peek() {
  if (at_ == buffer_.size() && !ended_) TRY(refill());
  if (at_ == buffer_.size()) return kEnd;
  return static_cast<unsigned char>(buffer_[at_]);
}

Result<int> CsvReader::take() {
  const int c = TRY(peek());
  if (c != kEnd) ++at_;
  return c;
}

Result<void> CsvReader::skip_byte_order_mark() {
  while (buffer_.size() < kSeparatorWindow && !ended_) TRY(refill());
  if (std::string_view(buffer_).starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  return {};
}

// The separator is the one that the header has most of, outside quotation marks.
Result<void> CsvReader::choose_separator() {
  constexpr std::string_view kSeparators = ",;\t";
  std::size_t counts[kSeparators.size()] = {};
  bool quoted = false;
  for (std::size_t i = at_; i < std::min(buffer_.size(), kSeparatorWindow); ++i) {
    const char c = buffer_[i];
    if (c == '"') quoted = !quoted;
    if (quoted) continue;
    if (c == '\n' || c == '\r') break;
    const std::size_t which = kSeparators.find(c);
    if (which != std::string_view::npos) ++counts[which];
  }
  separator_ = kSeparators[static_cast<std::size_t>(
      std::max_element(std::begin(counts), std::end(counts)) - std::begin(counts))];
  return {};
}

Result<void> CsvReader::read_quoted(std::string& cell) {
  const std::uint64_t opened = line_;
  while (true) {
    const int c = TRY(take());
    if (c == kEnd) {
      return fail(ErrorKind::invalid,
                  fmt::format("the quotation mark opened at line {} is never closed", opened));
    }
    if (c == '"') {
      if (TRY(peek()) != '"') return {};
      ++at_;
    }
    if (c == '\n') ++line_;
    if (cell.size() == kCsvCellSizeMax) {
      return fail(ErrorKind::limit,
                  fmt::format("the cell that begins at line {} is longer than {} bytes: is a "
                              "quotation mark missing?",
                              opened, kCsvCellSizeMax));
    }
    cell += static_cast<char>(c);
  }
}

// Up to the separator or line end, which stays. Characters after a closing quotation mark, and
// quotation marks within an unquoted cell, are kept as they are: nothing is lost.
Result<void> CsvReader::read_cell(std::string& cell) {
  if (TRY(peek()) == '"') {
    ++at_;
    TRY(read_quoted(cell));
  }
  while (true) {
    const int c = TRY(peek());
    if (c == kEnd || c == '\n' || c == '\r' || c == static_cast<unsigned char>(separator_)) {
      return {};
    }
    if (cell.size() == kCsvCellSizeMax) {
      return fail(ErrorKind::limit,
                  fmt::format("a cell at line {} is longer than {} bytes", line_, kCsvCellSizeMax));
    }
    cell += static_cast<char>(c);
    ++at_;
  }
}

Result<std::optional<CsvRow>> CsvReader::next() {
  if (!started_) {
    started_ = true;
    TRY(skip_byte_order_mark());
    TRY(choose_separator());
  }
  while (true) {
    if (TRY(peek()) == kEnd) return std::nullopt;
    CsvRow row{.number = rows_ + 1, .line = line_, .cells = {}};
    while (true) {
      if (row.cells.size() == kCsvColumnsMax) {
        return fail(ErrorKind::limit,
                    fmt::format("line {} has more than {} cells", row.line, kCsvColumnsMax));
      }
      TRY(read_cell(row.cells.emplace_back()));
      const int c = TRY(take());
      if (c == static_cast<unsigned char>(separator_)) continue;
      if (c == '\r' && TRY(peek()) == '\n') ++at_;
      ++line_;
      break;
    }
    if (row.cells.size() == 1 && row.cells[0].empty()) continue;
    ++rows_;
    return row;
  }
}

CsvReader::Source source_of(std::string_view text) {
  return [text](MutableByteView out) mutable -> Result<std::size_t> {
    const std::size_t size = std::min(out.size(), text.size());
    std::memcpy(out.data(), text.data(), size);
    text.remove_prefix(size);
    return size;
  };
}

std::string guard_formula(std::string_view text) {
  return begins_guardable(text) ? "'" + std::string(text) : std::string(text);
}

std::string unguard_formula(std::string_view text) {
  if (text.starts_with('\'') && begins_guardable(text)) text.remove_prefix(1);
  return std::string(text);
}

void append_csv_cell(std::string& out, std::string_view cell, CellKind kind) {
  const bool is_first = out.empty() || out.back() == '\n';
  if (!is_first) out += ',';
  std::string guarded;
  if (kind == CellKind::text) {
    guarded = guard_formula(cell);
    cell = guarded;
  }
  // A row of one empty cell would be a blank line, so a first cell says that it is there.
  const bool needs_quotes =
      cell.empty() ? is_first : cell.find_first_of("\",;\t\r\n") != std::string_view::npos;
  if (!needs_quotes) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

void end_csv_row(std::string& out) { out += "\r\n"; }

}  // namespace bulkhead::services::gisis
