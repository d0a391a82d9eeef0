#include "supervisor/backup/damage.h"

#include <algorithm>

#include "supervisor/backup/dataset_snapshots.h"

namespace bulkhead::supervisor {

Result<Damage> damage_between(repository::Repository& repository, const repository::Snapshot& clean,
                              const repository::Snapshot& evidence) {
  Damage damage;
  if (clean.id == evidence.id) return damage;
  const analysis::Listing before = TRY(listing_of(repository, clean));
  const analysis::Listing after = TRY(listing_of(repository, evidence));
  const analysis::ListingDifference difference = analysis::difference(before, after);
  damage.files.insert(difference.changed.begin(), difference.changed.end());
  damage.files.insert(difference.removed.begin(), difference.removed.end());
  damage.left_behind = difference.added.size();
  return damage;
}

std::uint64_t count_recovered(const Damage& damage, const repository::VerifyReport& report) {
  std::set<std::string> different;
  for (const repository::VerifyMismatch& mismatch : report.mismatches) {
    different.insert(mismatch.path);
  }
  // Of a folder that is missing, the folder alone is reported.
  const auto is_recovered = [&](const std::string& file) {
    std::string path = file;
    while (!different.contains(path)) {
      const std::size_t slash = path.rfind('/');
      if (slash == std::string::npos) return true;
      path.resize(slash);
    }
    return false;
  };
  return static_cast<std::uint64_t>(std::ranges::count_if(damage.files, is_recovered));
}

}  // namespace bulkhead::supervisor
