// Reads everything again, folder by folder, so that all was read once within a period: what decays
// on the disk is found while another copy of it still exists. Where it is, is kept on the disk. One
// thread at a time.
#pragma once

#include <string>

#include "vault/repositories.h"

namespace bulkhead::vault {

struct ScrubTotals {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t damaged = 0;
  std::uint64_t mended = 0;
  std::uint64_t rounds = 0;  // completed
};

class Scrub {
 public:
  Scrub(Path state_file, std::chrono::milliseconds period, const Clock& clock)
      : file_(std::move(state_file)), period_(period), clock_(clock) {}
  // Goes on where it was; a state that cannot be read begins from the start.
  void restore();
  struct StepOptions {
    int folders_max = 1;
    const std::atomic<bool>& stop;
  };
  // Reads as many folders as are due by now.
  void step(const Repositories& repositories, const StepOptions& options);
  ScrubTotals totals() const;

 private:
  struct Place {
    std::string repository;  // the one that is being read, or was
    int folder = 0;          // the next
  };
  // Moves to the next folder, and answers whether a round has ended.
  bool advance(const std::vector<Repositories::Named>& all);
  void save() const;

  const Path file_;
  const std::chrono::milliseconds period_;
  const Clock& clock_;
  Place place_;
  SteadyTime due_{};
  Guarded<ScrubTotals> totals_;
};

}  // namespace bulkhead::vault
