// The append-only record: entries in the form of a tiled transparency log (https://c2sp.org/
// tlog-tiles), with a checkpoint that the owner's key signs (docs/formats/ledger.md).
//
// Group commit: a thread of the ledger's own takes what came together, writes it to the journal and
// syncs it once; then the entries are acknowledged. Another thread writes tiles and checkpoint, of
// what is acknowledged only and within LedgerOptions::checkpoint_delay, so that nobody who appends
// waits for them. What was acknowledged is there after a crash, and the ledger never signs two
// trees that contradict each other.
//
// Thread-safe. Owns its Files. An error of append() means that the entry is not known to be on
// disk; the next append tries the disk again.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "ledger/files.h"
#include "ledger/note_signer.h"
#include "ledger/signed_tree.h"

namespace bulkhead::ledger {

struct LedgerOptions {
  // From the acknowledgement of an entry to the checkpoint that covers it.
  std::chrono::milliseconds checkpoint_delay{25};
  // A checkpoint is begun at the latest after this many entries.
  std::uint64_t entries_unsigned_max = 8192;
  // What is acknowledged and not signed, while signing works; beyond it the journal waits for it.
  std::uint64_t entries_ahead_max = 65536;
  // The journal is begun anew beyond this.
  std::uint64_t journal_size_max = 8u << 20;
  // What waits for the disk at the same time; beyond it append() and submit() wait.
  std::size_t group_entries_max = 8192;
  std::size_t group_bytes_max = 4u << 20;
};

// Since the start.
struct LedgerCounts {
  std::uint64_t groups = 0;  // acknowledged together
  std::uint64_t checkpoints = 0;
};

class Ledger {
  struct Group;

 public:
  // Where there is no ledger yet it is begun, and its empty tree signed. Takes up what an earlier
  // run acknowledged and did not sign. Kind corrupt, with the file, where what is there contradicts
  // itself, and denied where another key signed it.
  static Result<std::unique_ptr<Ledger>> open(std::unique_ptr<Files> files, std::string origin,
                                              NoteSigner signer, LedgerOptions options = {});
  // As close(); what it could not write is logged.
  ~Ledger();

  // An entry that stands in line; wait() says what became of it.
  class Ticket {
   public:
    // Until the entry is on disk: its index. May be asked at any time, also after the ledger ended.
    Result<std::uint64_t> wait() const;

   private:
    friend class Ledger;
    Ticket(std::shared_ptr<Group> group, std::size_t position)
        : group_(std::move(group)), position_(position) {}
    std::shared_ptr<Group> group_;  // shared with the committing thread and the group's others
    std::size_t position_;
  };

  // Kind limit for more than kEntrySizeMax bytes, unavailable after close().
  Result<Ticket> submit(Bytes entry);
  // Waits until the entry is on disk; its index.
  Result<std::uint64_t> append(Bytes entry);

  // Waits until a checkpoint covers all that was acknowledged before the call.
  Result<SignedCheckpoint> sign_now();
  // The newest.
  SignedCheckpoint checkpoint() const;
  LedgerCounts counts() const;
  // What is in line is written and signed, then the threads end.
  Result<void> close();

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::ledger
