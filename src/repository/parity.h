// Parity beside packs: enough to rebuild a pack of which parts were changed, cut off or, with 100 %
// and more, lost. A file parity/NAME mends the pack NAME; restic looks at neither. The layout is in
// docs/formats/repository.md, "Parity".
//
// A pack is cut into sectors of 4 KiB that are dealt out in turn to stripes, so that a long run of
// damage costs each stripe a little. Each stripe has k sectors of data and m of parity
// (Reed–Solomon over GF(2^8), Cauchy matrix); any m of them can be bad. Which are, their digests
// say; that the outcome is right, the pack's name says.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "repository/repository.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

inline constexpr double kParityPercentMax = 200;

// Always the same for the same pack and percentage. At least two sectors a stripe.
Bytes make_parity(const PackId& id, ByteView pack, double percent);
// Whether the parity file is itself undamaged and belongs to this pack.
bool parity_is_whole(const PackId& id, ByteView parity);
// `damaged` is what is there of the pack, perhaps nothing. Kind corrupt where too much is missing.
Result<Bytes> rebuild_pack(const PackId& id, ByteView damaged, ByteView parity);

struct ParityOptions {
  double percent = 10;
  unsigned threads = 2;
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct ParityReport {
  std::uint64_t packs = 0;
  std::uint64_t made = 0;
  std::uint64_t bytes_made = 0;
  std::vector<std::string> damaged;  // packs for which it is too late
};

// Makes it for all packs that have none; those that have some keep it.
Result<ParityReport> add_parity(Repository& repository, const ParityOptions& options);

}  // namespace bulkhead::repository
