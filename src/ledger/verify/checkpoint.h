// Checkpoints (https://c2sp.org/tlog-checkpoint): the text of a note that says how many entries a
// log has and what their root is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/verify/note.h"
#include "ledger/verify/proof.h"

namespace bulkhead::ledger::verify {

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
  std::vector<std::string> extensions;
};

// Kind corrupt, with the number of the line that is wrong.
Result<Checkpoint> parse_checkpoint(std::string_view text);

// A decimal number as all of these formats write it: no sign, no leading zero. Kind corrupt.
Result<std::uint64_t> parse_decimal(std::string_view text);
// 32 bytes in base64. Kind corrupt.
Result<Hash> parse_hash(std::string_view text);

}  // namespace bulkhead::ledger::verify
