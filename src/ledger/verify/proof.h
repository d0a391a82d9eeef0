// Merkle trees as RFC 6962 section 2.1 hashes them, and the checking of proofs as RFC 9162 sections
// 2.1.3.2 and 2.1.4.2 write it down.
//
// Everything in ledger/verify is written from the published specifications alone and includes
// nothing of the rest of src/ledger, so that a mistake of the writer is not repeated here.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/sha256.h"

namespace bulkhead::ledger::verify {

using Hash = crypto::Sha256Digest;

Hash leaf_hash(ByteView entry);
Hash node_hash(const Hash& left, const Hash& right);
Hash empty_root();
// MTH over leaf hashes, of any number.
Hash root_of(std::span<const Hash> leaves);

// Kind corrupt where the proof does not lead from the leaf to the root, kind invalid where there
// cannot be one.
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf,
                              std::span<const Hash> proof, const Hash& root);
// That the tree of `old_size` is the beginning of that of `new_size`.
Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size,
                                const Hash& old_root, const Hash& new_root,
                                std::span<const Hash> proof);

}  // namespace bulkhead::ledger::verify
