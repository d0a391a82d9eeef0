#include "vault/vault_ledger.h"

#include <fmt/format.h>

#include "ledger/event.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kKeySizeMax = 4096;

Path ledger_in(const Path& folder) { return folder / "ledger"; }

}  // namespace

Result<ledger::NoteSigner> VaultLedger::read_or_make_key() const {
  const Path file = folder_ / "ledger.key";
  auto bytes = read_file(file, kKeySizeMax);
  if (bytes) {
    auto signer = ledger::NoteSigner::from_private_text(as_text(*bytes));
    crypto::wipe(*bytes);
    return TRY_CONTEXT(std::move(signer), file.native());
  }
  if (bytes.error().kind() != ErrorKind::not_found) return std::unexpected(bytes.error());
  if (std::filesystem::exists(ledger_in(folder_))) {
    return fail(ErrorKind::not_found,
                fmt::format("{} is missing, and there is a ledger already: put the key back, or "
                            "move the ledger away and begin another",
                            file.native()));
  }
  ledger::NoteSigner signer = TRY(ledger::NoteSigner::generate(
      fmt::format("bulkhead-vault/{}/ledger", vault_), ledger::SignerKind::log, random_));
  TRY(write_file_atomic(file, signer.private_text().view(), 0600));
  return signer;
}

Result<std::unique_ptr<ledger::Ledger>> VaultLedger::begin() const {
  ledger::NoteSigner signer = TRY(read_or_make_key());
  TRY(write_file_atomic(folder_ / "ledger.vkey", as_bytes(signer.verifier_key() + "\n")));
  std::string origin = signer.name();
  return ledger::Ledger::open(std::make_unique<ledger::LocalFiles>(ledger_in(folder_)),
                              std::move(origin), std::move(signer));
}

Result<std::unique_ptr<VaultLedger>> VaultLedger::open(Path folder, std::string vault,
                                                       Random& random) {
  std::unique_ptr<VaultLedger> opened(new VaultLedger(std::move(folder), std::move(vault), random));
  if (!std::filesystem::exists(ledger_in(opened->folder_))) return opened;
  auto ledger = TRY_CONTEXT(opened->begin(), "the vault's ledger");
  opened->ledger_.with([&](auto& place) { place = std::move(ledger); });
  return opened;
}

Result<void> VaultLedger::record(const Alarm& alarm) {
  const Bytes entry = ledger::encode_event({.time = alarm.at,
                                            .actor = "vault",
                                            .action = fmt::format("vault.{}", name_of(alarm.kind)),
                                            .object = alarm.repository,
                                            .details = {{"message", alarm.text}}});
  return ledger_.with([&](std::unique_ptr<ledger::Ledger>& ledger) -> Result<void> {
    if (!ledger) ledger = TRY(begin());
    TRY(ledger->append(entry));
    return {};
  });
}

}  // namespace bulkhead::vault
