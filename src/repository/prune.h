// Removes what no snapshot refers to, beside running backups and without locking them out, and such
// that restic can read every snapshot at every moment (docs/decisions/0062-two-phase-prune.md):
//
//  1. What is needed out of packs that are used in part is packed anew, and indexed.
//  2. A pack that is no longer needed is *hidden*: index files name it as one to delete. Where
//     somebody is at work who may still refer to it, it is only *marked*: it stays readable, and
//     our backups refer to it no more; a later prune hides it.
//  3. Whoever came while it was being hidden makes it visible again.
//  4. A pack that has been hidden for `keep_delete`, and that no snapshot refers to, is deleted.
//
// Killed anywhere, the repository is whole, and the next prune goes on where this one was.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "repository/forget.h"
#include "repository/repository.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

// How much that nobody needs may stay in packs that hold something needed.
struct UnusedLimit {
  enum class Kind { percent, bytes, unlimited };
  Kind kind = Kind::percent;  // of what the repository then holds
  double percent = 5;
  std::uint64_t bytes = 0;
};
// "5%", "200M", "unlimited".
Result<UnusedLimit> parse_unused_limit(std::string_view text);
// "200M", with K, M, G, T for powers of 1024.
Result<std::uint64_t> parse_size(std::string_view text);

struct PruneOptions {
  UnusedLimit max_unused;
  std::optional<std::uint64_t> max_repack_bytes;
  bool repack_small = false;         // packs below 80 % of the size at which packs are closed
  bool repack_uncompressed = false;  // in version 2
  bool repack_trees_only = false;    // packs without trees stay as they are
  // With repack_small, packs below this size instead.
  std::optional<std::uint64_t> small_pack_bytes;
  std::chrono::nanoseconds keep_delete = std::chrono::hours(23);
  // Packs that are in use for as long as this says so, whatever snapshots need; empty: none are.
  std::function<bool(const PackId&)> spare;
  DryRun dry_run = DryRun::no;
  unsigned threads = 2;
  StageObserver progress;
  const std::atomic<bool>* cancel = nullptr;
};

struct PackSum {
  std::uint64_t packs = 0;
  std::uint64_t bytes = 0;
};

// Blobs, or their bytes in packs.
struct PruneAmounts {
  std::uint64_t used = 0;
  std::uint64_t duplicate = 0;  // further copies of what is used
  std::uint64_t unused = 0;
  std::uint64_t repack = 0;         // in packs that are packed anew
  std::uint64_t repack_remove = 0;  // of those, what is left behind
  std::uint64_t remove = 0;         // in packs that nothing is needed of

  std::uint64_t total() const { return used + duplicate + unused; }
  std::uint64_t remove_total() const { return remove + repack_remove; }
};

// As restic counts: what goes out of use now or waits to be deleted counts as removed.
struct PruneCounts {
  PruneAmounts blobs;
  PruneAmounts bytes;
  std::uint64_t uncompressed_bytes = 0;
  std::uint64_t unreferenced_bytes = 0;  // of the packs that no index shows
  std::uint64_t packs_used = 0;
  std::uint64_t packs_partly_used = 0;
  std::uint64_t packs_unused = 0;
  std::uint64_t packs_unreferenced = 0;
  std::uint64_t packs_keep = 0;
  std::uint64_t packs_repack = 0;
  std::uint64_t packs_remove = 0;
};

// In a dry run: what would be.
struct PruneReport {
  PruneCounts counts;
  std::uint64_t snapshots = 0;
  PackSum used;                    // packs with something that is needed; its bytes
  std::uint64_t unused_bytes = 0;  // in all packs, duplicates included
  PackSum repacked;                // packs; bytes that were copied out of them
  std::uint64_t repack_saves = 0;  // bytes
  PackSum hidden;                  // packs that went out of sight now
  PackSum marked;                  // packs that wait, since somebody is at work
  PackSum deleted;
  PackSum waiting;                   // hidden, and to be deleted by a later prune
  std::uint64_t recovered = 0;       // packs that are needed again
  std::vector<std::string> damaged;  // packs that could not be packed anew, and why
};

// Kind conflict where another prune or an exclusive lock is held; corrupt where something that a
// snapshot needs is missing, before anything is changed; denied on a store that removes nothing.
Result<PruneReport> prune(Repository& repository, const PruneOptions& options);

}  // namespace bulkhead::repository
