// The consistent copies of its databases that a service leaves in .quiesced/ before a snapshot,
// laid out there as in its dataset.
#pragma once

#include "base/file.h"

namespace bulkhead::supervisor {

// Puts each copy in the place of the file that it is a copy of, and answers how many there were.
// A restored generation is what an attacker may have left, and bulkheadd has more rights than the
// service: a link on the way is followed nowhere, but an error of kind corrupt, and then nothing is
// changed. No compartment may run on the generation meanwhile.
Result<std::size_t> settle_quiesced_copies(const Path& generation);

}  // namespace bulkhead::supervisor
