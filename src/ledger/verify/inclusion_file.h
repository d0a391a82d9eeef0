// A proof on its own (https://c2sp.org/tlog-proof): that an entry is in a log, for whoever has
// nothing but the log's key. The entry itself goes along as the extra data.
#pragma once

#include <string>
#include <string_view>

#include "ledger/verify/checkpoint.h"

namespace bulkhead::ledger::verify {

struct InclusionFile {
  Bytes entry;
  std::uint64_t index = 0;
  std::vector<Hash> proof;
  std::string checkpoint;  // the whole note
};

// Kind corrupt where the form is broken.
Result<InclusionFile> parse_inclusion_file(std::string_view text);
// The checkpoint's signature, and that it covers the entry at the index. The checkpoint, if so.
Result<Checkpoint> verify_inclusion_file(const InclusionFile& file, const VerifierKey& key);

}  // namespace bulkhead::ledger::verify
