// The estate's ledger (src/ledger, docs/formats/ledger.md): every event of the supervisor's
// timeline and every audit event of a service goes into it. Nothing here waits for the disk: an
// event stands in line and is on disk some milliseconds later; what cannot be kept is logged.
//
// record() may be called from any thread, record_audit() from one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "ledger/event.h"
#include "ledger/ledger.h"
#include "supervisor/estate/layout.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

// What one service may put into the ledger, which is kept for ever: in bytes, a second and at once.
// A service that was broken into can send as fast as its socket takes it.
inline constexpr std::uint64_t kAuditBytesPerSecond = 16 * 1024;
inline constexpr std::uint64_t kAuditBytesAtOnceMax = 4u << 20;

class EstateLedger {
 public:
  // A new estate's, so that its vault can know it before the ledger is begun: the key, and what
  // checks it.
  static Result<void> make_key(const Estate& estate, const Layout& layout, Random& random);
  // Makes the key and the ledger where neither is there yet. The origin is "NAME/ledger".
  static Result<std::unique_ptr<EstateLedger>> open(const Estate& estate, const Layout& layout,
                                                    const Clock& clock, Random& random);

  void record(const Event& event);
  // What a service said, or why that was refused; `said` is null then. Beyond what is allowed,
  // events are counted, and the count is recorded as soon as there is room again.
  void record_audit(const std::string& service, json::Value said, const std::string& refused);
  // Waits until all that was recorded is signed; what keeps it from that is logged.
  void sign();
  bulkhead::ledger::SignedCheckpoint checkpoint() const { return ledger_->checkpoint(); }

 private:
  struct Allowance {
    std::uint64_t bytes = kAuditBytesAtOnceMax;
    SteadyTime refilled;
    std::uint64_t left_out = 0;
  };
  EstateLedger(std::unique_ptr<bulkhead::ledger::Ledger> ledger, const Clock& clock)
      : ledger_(std::move(ledger)), clock_(clock) {}
  void submit(Bytes entry);
  bool take(Allowance& allowance, std::size_t bytes) const;

  const std::unique_ptr<bulkhead::ledger::Ledger> ledger_;
  const Clock& clock_;
  std::map<std::string, Allowance, std::less<>> allowances_;       // by service
  Guarded<std::optional<bulkhead::ledger::Ledger::Ticket>> last_;  // of what was recorded
};

}  // namespace bulkhead::supervisor
