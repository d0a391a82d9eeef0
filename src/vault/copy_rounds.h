// Holds folder and object store to each other, round after round: what lay in the folder before the
// store was there is copied into it, locks are moved further away before they end, what was hidden
// in the store is put there again, and what is gone from the folder is brought back. Where a round
// is, is kept on the disk: a vault that stops goes on with it. One thread at a time, but totals().
#pragma once

#include <functional>
#include <string>

#include "vault/repositories.h"

namespace bulkhead::vault {

struct CopyTotals {
  std::uint64_t looked_at = 0;
  std::uint64_t copied = 0;
  std::uint64_t bytes = 0;  // of the copied
  std::uint64_t extended = 0;
  std::uint64_t brought_back = 0;
  std::uint64_t failed = 0;
  // When the last round began after which all was in the store.
  std::optional<WallTime> complete_as_of;
  std::string repository;  // where a round is that is under way; a share of it, in percent
  std::optional<int> percent;
  std::string problem;  // why a round does not go on
};

class CopyRounds {
 public:
  struct Options {
    Path state_file;
    std::string store;            // for people, and to begin anew with another
    std::chrono::seconds period;  // of the locks
    std::function<WallTime()> now;
    std::function<void(const std::string& repository, std::string text)> alarm;
  };
  explicit CopyRounds(Options options);
  // Goes on where it was; a state that cannot be read, or is another store's, begins from the
  // start.
  void restore();
  // To the end of the round that is due or under way; not so far where the store does not answer.
  void step(const Repositories& repositories, const std::atomic<bool>& stop);
  CopyTotals totals() const;

 private:
  struct Round {
    WallTime began{};
    std::string repository;  // the one that is being looked at, or was
    int folder = 0;          // the next
    std::uint64_t failed = 0;
    bool under_way = false;
  };
  bool advance(const std::vector<Repositories::Named>& all);
  void end_round();
  void add(const std::string& repository, const CopyReport& report);
  void show_place(std::size_t at, std::size_t of);
  void save() const;

  const Options options_;
  Round round_;
  std::optional<WallTime> complete_;
  Guarded<CopyTotals> totals_;
};

}  // namespace bulkhead::vault
