// Forgets snapshots and prunes, by the policy that a repository's configuration has (`keep`), so
// that clients need no right to delete. Needs the read key. What goes, goes through the retention
// lock, for which the vault is a client like others.
#pragma once

#include <atomic>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "vault/receive_clock.h"
#include "vault/repositories.h"

namespace bulkhead::vault {

inline constexpr std::chrono::hours kTendingPeriod{24};

struct TendingReport {
  std::uint64_t forgotten = 0;     // snapshots
  std::uint64_t still_locked = 0;  // that the policy does not keep, and the lock does
  std::uint64_t packs = 0;         // deleted
  std::uint64_t bytes = 0;         // of those
};

// Kind conflict where a client has the repository locked; corrupt where a snapshot needs what no
// index file names that was looked into by now. Nothing is lost then, and a later round goes on.
Result<TendingReport> tend(RepositoryStore& store, ReceiveClock& receive_clock, const Clock& clock,
                           const std::atomic<bool>& stop);

struct TendingTotals {
  std::optional<WallTime> last;  // that went to its end
  TendingReport sum;             // since the start
  std::string problem;           // of the last round; empty: none
};

// Each repository once a day. step() is called by one thread, totals() by any.
class TendingRounds {
 public:
  TendingRounds(Path state_file, ReceiveClock& receive_clock, const Clock& clock)
      : file_(std::move(state_file)), receive_clock_(receive_clock), clock_(clock) {}

  // Goes on where it was before the restart.
  void restore();
  void step(const Repositories& repositories, const std::atomic<bool>& stop);
  std::map<std::string, TendingTotals> totals() const;

 private:
  void tend_one(const Repositories::Named& one, const std::atomic<bool>& stop);
  void save() const;

  const Path file_;
  ReceiveClock& receive_clock_;
  const Clock& clock_;
  std::map<std::string, SteadyTime> again_;  // when one that failed is tried again
  Guarded<std::map<std::string, TendingTotals>> totals_;
};

}  // namespace bulkhead::vault
