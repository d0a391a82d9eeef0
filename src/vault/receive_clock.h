// The time that retention counts by. The system's clock is believed as long as it runs beside the
// machine's steady clock; when it jumps, forwards or backwards, the jump is noticed, what has not
// expired by then stays locked, and receipts go on by the steady clock, until an officer says that
// the system's time is right again. Across a restart of the machine, where no steady clock goes on,
// a step back or of more than kGapMax is a jump. Thread-safe.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"

namespace bulkhead::vault {

inline constexpr std::chrono::minutes kDriftMax{5};  // in all, while the machine is up
inline constexpr std::chrono::hours kGapMax{24};     // while it was down

struct ClockFreeze {
  WallTime since;
  std::string reason;
  std::string id() const { return std::to_string(since.time_since_epoch().count()); }
};

class ReceiveClock {
 public:
  // `boot` names this run of the machine: steady times of the same boot can be compared. A state
  // file that cannot be read freezes the clock, since what it held is not known.
  static Result<std::unique_ptr<ReceiveClock>> open(Path state_file, const Clock& clock,
                                                    std::string boot);

  // For a receipt: never before an earlier answer.
  WallTime now();
  // What was locked until then at the latest has expired. Stands still while the clock is frozen.
  WallTime expiry_now();
  std::optional<ClockFreeze> frozen() const;
  // Looks at the clock, and writes the state down: call it about once a minute.
  Result<void> tick();
  // What came until `last` has receipts, and the state that was written down with them is gone:
  // nobody knows what became of the clock since.
  Result<void> lose_state(WallTime last);
  // The system's time is right: by an officer's word.
  Result<void> accept();

 private:
  struct State {
    WallTime anchor_wall;
    SteadyTime anchor_steady;
    WallTime last;  // that was answered or seen
    std::optional<ClockFreeze> freeze;
  };
  ReceiveClock(Path file, const Clock& clock, std::string boot)
      : file_(std::move(file)), clock_(clock), boot_(std::move(boot)) {}
  Result<void> restore(const std::string& text);
  void start_from(WallTime wall);
  // By the steady clock, from the anchor.
  WallTime expected(const State& state) const;
  void look(State& state) const;
  Result<void> save() const;

  const Path file_;
  const Clock& clock_;
  const std::string boot_;
  Guarded<State> state_;
};

// The kernel's name of this boot; empty where it has none.
std::string boot_of_this_machine();

}  // namespace bulkhead::vault
