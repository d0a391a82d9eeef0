// What officers ordered and what the vault noticed, in a ledger of the vault's own
// (docs/formats/ledger.md): `ledger/`, `ledger.key` and `ledger.vkey` in its folder. It is begun
// with the first event. Thread-safe.
#pragma once

#include <memory>

#include "base/guarded.h"
#include "base/random.h"
#include "ledger/ledger.h"
#include "vault/alarms.h"

namespace bulkhead::vault {

class VaultLedger {
 public:
  // `vault` is the vault's identity. Kind not_found where there is a ledger and its key is gone.
  static Result<std::unique_ptr<VaultLedger>> open(Path folder, std::string vault, Random& random);
  // Waits until it is on the disk.
  Result<void> record(const Alarm& alarm);

 private:
  VaultLedger(Path folder, std::string vault, Random& random)
      : folder_(std::move(folder)), vault_(std::move(vault)), random_(random) {}
  Result<std::unique_ptr<ledger::Ledger>> begin() const;
  Result<ledger::NoteSigner> read_or_make_key() const;

  const Path folder_;
  const std::string vault_;
  Random& random_;
  Guarded<std::unique_ptr<ledger::Ledger>> ledger_;
};

}  // namespace bulkhead::vault
