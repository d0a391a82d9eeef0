// Measures from outside when the gateway begins to refuse: asks each service again and again, from
// a thread for each, and notes the first answer that is the gateway's page of a sealed service.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "cli/drill/visitor.h"

namespace bulkhead::cli::drill {

class RefusalWatch {
 public:
  struct Target {
    std::string service;
    std::string host;
    std::string path;
  };
  struct Seen {
    std::string service;
    std::optional<WallTime> refused;  // sent after everything before it had been answered 200
    int status = 0;                   // of the refusal
    std::uint64_t answered_before = 0;
  };

  RefusalWatch(const supervisor::Estate& estate, const std::vector<Target>& targets);
  ~RefusalWatch();

  bool all_refused() const;
  // Ends the threads.
  std::vector<Seen> stop();

 private:
  struct Lane {
    Target target;
    Seen seen;
    std::atomic<bool> done = false;
    std::thread thread;
  };
  void run(Lane& lane);

  const supervisor::Estate& estate_;
  std::atomic<bool> stopping_ = false;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace bulkhead::cli::drill
