// The body of a log's request to a witness (https://c2sp.org/tlog-witness, add-checkpoint): the
// size that the witness is believed to know, a consistency proof from there, and the checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/verify/checkpoint.h"

namespace bulkhead::ledger {

inline constexpr std::size_t kConsistencyHashesMax = 63;
inline constexpr std::size_t kAddCheckpointSizeMax = verify::kNoteSizeMax + 8 * 1024;

struct AddCheckpoint {
  std::uint64_t old_size = 0;
  std::vector<verify::Hash> proof;
  std::string checkpoint;  // the whole note
};

// Kind invalid, with what is wrong, where it is malformed; the checkpoint is not looked into.
Result<AddCheckpoint> parse_add_checkpoint(std::string_view body);
std::string write_add_checkpoint(const AddCheckpoint& request);

}  // namespace bulkhead::ledger
