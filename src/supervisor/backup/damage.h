// What was done to a dataset, and how much of it a restoration has undone: counted in one way for
// the incident's record and for a drill's own proof. Values; the repository does the reading.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "repository/repository.h"
#include "repository/verify.h"

namespace bulkhead::supervisor {

struct Damage {
  std::set<std::string> files;  // of the clean snapshot; gone or changed in the evidence
  std::size_t left_behind = 0;  // in the evidence only
};

Result<Damage> damage_between(repository::Repository& repository, const repository::Snapshot& clean,
                              const repository::Snapshot& evidence);

// Of the damaged files, those that `report`, a comparison of a restored folder with the clean
// snapshot, found as they were.
std::uint64_t count_recovered(const Damage& damage, const repository::VerifyReport& report);

}  // namespace bulkhead::supervisor
