#include "ledger/verify/checkpoint.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::ledger::verify {

Result<std::uint64_t> parse_decimal(std::string_view text) {
  const auto number = parse_u64(text);
  if (number && (text == "0" || !text.starts_with('0'))) return *number;
  return fail(ErrorKind::corrupt, fmt::format("\"{}\" is no decimal number", text));
}

Result<Hash> parse_hash(std::string_view text) {
  const auto bytes = from_base64(text);
  Hash hash{};
  if (!bytes || bytes->size() != hash.size()) {
    return fail(ErrorKind::corrupt, fmt::format("\"{}\" is no hash in base64", text));
  }
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  if (!text.ends_with('\n')) return fail(ErrorKind::corrupt, "its last line is not ended");
  text.remove_suffix(1);
  const std::vector<std::string_view> lines = split(text, '\n');
  if (lines.size() < 3) {
    return fail(ErrorKind::corrupt,
                fmt::format("it has {} lines; origin, size and root are needed", lines.size()));
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].empty()) return fail(ErrorKind::corrupt, fmt::format("line {} is empty", i + 1));
  }
  Checkpoint checkpoint;
  checkpoint.origin = lines[0];
  checkpoint.size = TRY_CONTEXT(parse_decimal(lines[1]), "line 2, the size");
  checkpoint.root = TRY_CONTEXT(parse_hash(lines[2]), "line 3, the root");
  checkpoint.extensions.assign(lines.begin() + 3, lines.end());
  return checkpoint;
}

}  // namespace bulkhead::ledger::verify
