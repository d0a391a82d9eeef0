// What the vault does besides answering restic: keeps its clock, takes officers' orders and carries
// them out, raises and posts alarms, scrubs, looks inside, holds folder and object store to each
// other, forgets and prunes. One object for the life of the program; tick(), keep_copies() and
// tend() are each called by one thread, the rest is thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "http/message.h"
#include "vault/alarms.h"
#include "vault/configuration.h"
#include "vault/copy_rounds.h"
#include "vault/locked_copies.h"
#include "vault/orders.h"
#include "vault/receive_clock.h"
#include "vault/repositories.h"
#include "vault/scrub.h"
#include "vault/tending.h"
#include "vault/vault_ledger.h"

namespace bulkhead::vault {

class Oversight {
 public:
  using OpenCopies = std::function<Result<std::unique_ptr<LockedCopies>>(
      const ObjectStore&, const Clock&, LockedCopies::Now)>;
  // Opens, or makes, the vault's own folder and what is in it. Kind conflict where another program
  // has it open.
  static Result<std::unique_ptr<Oversight>> open(const Configuration& configuration,
                                                 const Clock& clock, FileLayer& files,
                                                 OpenCopies open_copies = LockedCopies::open);

  Repositories& repositories() { return *repositories_; }
  const Repositories& repositories() const { return *repositories_; }
  ReceiveClock& receive_clock() { return *receive_clock_; }
  const Alarms& alarms() const { return *alarms_; }
  const Orders& orders() const { return *orders_; }
  ScrubTotals scrubbed() const { return scrub_->totals(); }
  std::map<std::string, TendingTotals> tended() const { return tending_->totals(); }
  // Nothing where there is no object store.
  std::optional<CopyTotals> copies() const;
  const ObjectStore& object_store() const { return configuration_.object_store; }

  void raise(AlarmKind kind, std::string text);
  // An officer's signed order, as it came; what it did, in words.
  Result<std::string> take_order(std::string_view envelope);

  // What is due by now: call it every few seconds.
  void tick();
  // The same for what waits for the object store, however long it takes.
  void keep_copies();
  // Forgets and prunes where that is due, however long it takes.
  void tend();
  // What the object store has of a repository and the folder has not (RepositoryStore::rebuild);
  // kind not_found where the store does not have it either.
  Result<RebuildReport> rebuild(const std::string& repository, std::optional<WallTime> before);
  // A tick that is under way ends soon, and no further one does anything.
  void stop();
  // Waits so long for stop(); whether it was called.
  bool stopped_within(std::chrono::milliseconds time);

 private:
  Oversight(const Configuration& configuration, const Clock& clock);
  void open_copy_rounds();
  Result<void> doubt_clock();
  void look_at_clock();
  void destroy_what_is_due();
  void post_alarms();

  const Configuration& configuration_;
  const Clock& clock_;
  FileDescriptor lock_;  // on the vault's own folder
  Usage whole_;
  std::unique_ptr<ReceiveClock> receive_clock_;
  SystemRandom random_;
  std::unique_ptr<VaultLedger> ledger_;
  std::unique_ptr<Alarms> alarms_;
  std::unique_ptr<Orders> orders_;
  std::unique_ptr<LockedCopies> copies_;  // nullptr: none are kept
  std::unique_ptr<Repositories> repositories_;
  std::unique_ptr<Scrub> scrub_;
  std::unique_ptr<TendingRounds> tending_;
  std::unique_ptr<CopyRounds> copy_rounds_;  // where there are copies
  bool clock_was_frozen_ = false;
  bool webhook_fails_ = false;
  SteadyTime clock_save_due_{};
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;  // for the waiting alone
  std::condition_variable stop_called_;
};

}  // namespace bulkhead::vault
