#include "supervisor/control/estate_ledger.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace bulkhead::supervisor {
namespace {

using bulkhead::ledger::Ledger;
using bulkhead::ledger::NoteSigner;
using bulkhead::ledger::SignerKind;

constexpr std::size_t kKeySizeMax = 4096;

bool is_there(const Path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

Result<NoteSigner> read_or_make_key(const Estate& estate, const Layout& layout, Random& random) {
  if (is_there(layout.ledger_key())) {
    Bytes bytes = TRY(read_file(layout.ledger_key(), kKeySizeMax));
    auto signer = NoteSigner::from_private_text(as_text(bytes));
    crypto::wipe(bytes);
    return TRY_CONTEXT(std::move(signer), layout.ledger_key().native());
  }
  if (is_there(layout.ledger())) {
    return fail(ErrorKind::not_found,
                fmt::format("{} is missing, and there is a ledger already: put the key back, or "
                            "move the ledger away and begin another",
                            layout.ledger_key().native()));
  }
  NoteSigner signer =
      TRY(NoteSigner::generate(fmt::format("{}/ledger", estate.name), SignerKind::log, random));
  TRY(write_file_atomic(layout.ledger_key(), signer.private_text().view(), 0600));
  return signer;
}

}  // namespace

Result<void> EstateLedger::make_key(const Estate& estate, const Layout& layout, Random& random) {
  const NoteSigner signer = TRY(read_or_make_key(estate, layout, random));
  return write_file_atomic(layout.ledger_verifier_key(), as_bytes(signer.verifier_key() + "\n"));
}

Result<std::unique_ptr<EstateLedger>> EstateLedger::open(const Estate& estate, const Layout& layout,
                                                         const Clock& clock, Random& random) {
  NoteSigner signer = TRY(read_or_make_key(estate, layout, random));
  TRY(write_file_atomic(layout.ledger_verifier_key(), as_bytes(signer.verifier_key() + "\n")));
  std::string origin = signer.name();
  std::unique_ptr<Ledger> ledger =
      TRY(Ledger::open(std::make_unique<bulkhead::ledger::LocalFiles>(layout.ledger()),
                       std::move(origin), std::move(signer)));
  return std::unique_ptr<EstateLedger>(new EstateLedger(std::move(ledger), clock));
}

void EstateLedger::submit(Bytes entry) {
  auto ticket = ledger_->submit(std::move(entry));
  if (!ticket) {
    log::error("recording in the ledger", {{"why", ticket.error().message()}});
    return;
  }
  last_.with([&](auto& last) { last = std::move(*ticket); });
}

void EstateLedger::sign() {
  const auto last = last_.with([](const auto& ticket) { return ticket; });
  // An entry that did not come to the disk was logged when that failed.
  if (last) (void)last->wait();
  const auto done = ledger_->sign_now();
  if (!done) log::error("signing the ledger", {{"why", done.error().message()}});
}

void EstateLedger::record(const Event& event) {
  json::Object details{{"number", event.number}, {"message", event.message}};
  if (!event.incident.empty()) details.set("incident", event.incident);
  if (!event.details.empty()) details.set("details", event.details);
  submit(bulkhead::ledger::encode_event({.time = event.time,
                                         .actor = "supervisor",
                                         .action = event.kind,
                                         .object = event.service,
                                         .details = std::move(details)}));
}

bool EstateLedger::take(Allowance& allowance, std::size_t bytes) const {
  const SteadyTime now = clock_.steady_now();
  if (allowance.refilled == SteadyTime{}) allowance.refilled = now;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now - allowance.refilled);
  if (seconds.count() > 0) {
    const auto earned = static_cast<std::uint64_t>(
        std::min<std::int64_t>(seconds.count(), kAuditBytesAtOnceMax / kAuditBytesPerSecond));
    allowance.bytes =
        std::min(allowance.bytes + earned * kAuditBytesPerSecond, kAuditBytesAtOnceMax);
    allowance.refilled += seconds;
  }
  if (allowance.bytes < bytes) return false;
  allowance.bytes -= bytes;
  return true;
}

void EstateLedger::record_audit(const std::string& service, json::Value said,
                                const std::string& refused) {
  bulkhead::ledger::Event event{.time = clock_.now(),
                                .actor = "service:" + service,
                                .action = "audit",
                                .object = service,
                                .details = {}};
  if (!refused.empty()) {
    event.action = "audit.refused";
    event.details.set("refused", refused);
  } else {
    event.details.set("said", std::move(said));
  }
  Allowance& allowance = allowances_[service];
  Bytes entry = bulkhead::ledger::encode_event(event);
  if (!take(allowance, entry.size())) {
    if (allowance.left_out++ == 0) {
      log::warning("a service says more than the ledger takes", {{"service", service}});
    }
    return;
  }
  if (allowance.left_out > 0) {
    submit(bulkhead::ledger::encode_event({.time = event.time,
                                           .actor = "supervisor",
                                           .action = "audit.left_out",
                                           .object = service,
                                           .details = {{"events", allowance.left_out}}}));
    allowance.left_out = 0;
  }
  submit(std::move(entry));
}

}  // namespace bulkhead::supervisor
