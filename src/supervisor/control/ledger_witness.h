// Has the vault cosign the estate's ledger: a thread shows it each new checkpoint with the proof
// that it grew from the one before, and keeps the newest that it cosigned in ledger.cosigned. A
// vault that cannot be reached is asked again, and catches up by one proof. One that knows more
// than this ledger holds, or something else, means that the ledger was rolled back or forked, which
// is told once. Thread-safe.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/periodic_task.h"
#include "ledger/ledger.h"
#include "ledger/verify/checkpoint.h"
#include "supervisor/control/witness_client.h"

namespace bulkhead::supervisor {

class LedgerWitness {
 public:
  struct Options {
    Path ledger;    // the folder
    Path cosigned;  // the file that the newest cosigned checkpoint goes to
    ledger::verify::VerifierKey key;
    std::chrono::milliseconds period{2'000};
    // Told what keeps the ledger from being cosigned, from the second failure on, and "" when it is
    // cosigned again: a vault that starts together with this program is no problem.
    std::function<void(const std::string& problem)> on_problem = {};
  };
  // The newest checkpoint of the ledger.
  using Head = std::function<ledger::SignedCheckpoint()>;
  // Told of a disagreement: "ledger.rolled_back" or "ledger.forked", and a sentence.
  using Alarm = std::function<void(std::string_view kind, const std::string& message)>;

  LedgerWitness(Options options, WitnessClient client, Head head, Alarm alarm);
  // Asks a last time, for what was recorded until now.
  ~LedgerWitness();

 private:
  void ask_and_tell();
  // Whether the newest checkpoint is cosigned now.
  Result<void> ask();
  Result<void> keep(const ledger::SignedCheckpoint& head, const std::string& lines);
  std::unexpected<Error> disagree(std::string_view kind, const std::string& message);

  const Options options_;
  WitnessClient client_;
  const Head head_;
  const Alarm alarm_;
  std::uint64_t known_size_ = 0;  // what the witness is believed to know
  std::optional<std::uint64_t> cosigned_size_;
  std::string told_;  // the kind of the last alarm
  std::string last_problem_;
  int failures_ = 0;  // in a row
  PeriodicTask task_;
};

}  // namespace bulkhead::supervisor
