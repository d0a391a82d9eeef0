// The witness that a vault is of others' ledgers (src/ledger/witness.h, docs/formats/ledger.md), on
// HTTP. Its key and what it remembers are in a folder of the vault's own; which ledgers it knows is
// the verifier keys in logs/*.vkey there, read at the start. What contradicts what it remembers is
// refused and raised as an alarm. Thread-safe once opened.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/random.h"
#include "http/message.h"
#include "ledger/witness.h"

namespace bulkhead::vault {

class WitnessHost {
 public:
  // Told of a ledger that was forked or rolled back, once for each until it grows again.
  using Alarm = std::function<void(const std::string& text)>;

  // FOLDER/witness.key is made where it is missing, FOLDER/witness.vkey says what checks its
  // cosignatures. Kind corrupt where the memory was changed (ledger::Witness::open).
  static Result<std::unique_ptr<WitnessHost>> open(const Path& folder, const Clock& clock,
                                                   Random& random, Alarm alarm);
  // From the next start on, the ledger of this verifier key is known. The witness's own verifier
  // key. Kind conflict where its origin is known with another key.
  static Result<std::string> enrol(const Path& folder, std::string_view ledger_key, Random& random);

  // Whether a request changes what the witness remembers; the rest is open to anybody.
  static bool is_change(std::string_view what) { return what == "add-checkpoint"; }
  // POST add-checkpoint, GET <SHA-256 of the origin>/checkpoint; `what` is the path from there.
  http::Response handle(http::Request& request, std::string_view what);
  std::string verifier_key() const { return witness_->verifier_key(); }

 private:
  WitnessHost(std::unique_ptr<ledger::Witness> witness, Alarm alarm)
      : witness_(std::move(witness)), alarm_(std::move(alarm)) {}
  http::Response add_checkpoint(http::Request& request);
  void tell(const ledger::WitnessAnswer& answer);

  const std::unique_ptr<ledger::Witness> witness_;
  const Alarm alarm_;
  Guarded<std::map<std::string, ledger::Disagreement>> told_;  // by origin
};

}  // namespace bulkhead::vault
