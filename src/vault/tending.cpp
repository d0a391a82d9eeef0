#include "vault/tending.h"

#include "base/log.h"
#include "json/value.h"
#include "repository/forget.h"
#include "repository/prune.h"
#include "vault/store_backend.h"

namespace bulkhead::vault {
namespace {

using storage::FileType;

constexpr std::size_t kStateSizeMax = 4 * 1024 * 1024;
// Before a round that failed is tried again.
constexpr std::chrono::hours kPauseAfterFailure{1};

// The time that retention counts by.
class ReceiveTime final : public Clock {
 public:
  ReceiveTime(ReceiveClock& receive_clock, const Clock& clock)
      : receive_clock_(receive_clock), clock_(clock) {}
  WallTime now() const override { return receive_clock_.now(); }
  SteadyTime steady_now() const override { return clock_.steady_now(); }

 private:
  ReceiveClock& receive_clock_;
  const Clock& clock_;
};

// By themselves rather than by repository::forget, since of some the lock may be over and of
// others not.
Result<void> forget(repository::Repository& opened, RepositoryStore& store, TendingReport& report) {
  repository::ForgetOptions options;
  options.keep.policy = store.policy().keep;
  options.dry_run = repository::DryRun::yes;
  const repository::ForgetReport decided = TRY(repository::forget(opened, options));
  for (const repository::SnapshotId& id : decided.removed) {
    const auto removed = store.remove({FileType::snapshot, id.to_hex()}, Author::vault);
    if (removed) ++report.forgotten;
    if (removed || removed.error().kind() == ErrorKind::not_found) continue;
    if (removed.error().kind() != ErrorKind::denied) return std::unexpected(removed.error());
    ++report.still_locked;
  }
  return {};
}

}  // namespace

Result<TendingReport> tend(RepositoryStore& store, ReceiveClock& receive_clock, const Clock& clock,
                           const std::atomic<bool>& stop) {
  const ReceiveTime time(receive_clock, clock);
  const crypto::Secret password = TRY(store.read_password());
  repository::RepositoryOptions options;
  options.clock = &time;
  const auto opened = TRY(repository::Repository::open(std::make_unique<StoreBackend>(store),
                                                       password.text(), options));
  TendingReport report;
  TRY(forget(*opened, store, report));
  repository::PruneOptions pruning;
  pruning.threads = 1;
  pruning.cancel = &stop;
  pruning.spare = [&](const repository::PackId& pack) {
    return !store.is_released({FileType::data, pack.to_hex()});
  };
  const repository::PruneReport pruned = TRY(repository::prune(*opened, pruning));
  report.packs = pruned.deleted.packs;
  report.bytes = pruned.deleted.bytes;
  return report;
}

void TendingRounds::restore() {
  const auto text = read_text_file(file_, kStateSizeMax);
  const auto value = text ? json::parse(*text) : Result<json::Value>(json::Value());
  const json::Object* repositories = value ? value->object() : nullptr;
  if (repositories == nullptr) return;
  totals_.with([&](auto& totals) {
    for (const auto& [name, at] : repositories->members()) {
      const std::string* time = at.string();
      const auto last = time ? from_rfc3339(*time) : Result<WallTime>(WallTime());
      if (time != nullptr && last) totals[name].last = *last;
    }
  });
}

void TendingRounds::save() const {
  json::Object object;
  totals_.with([&](const auto& totals) {
    for (const auto& [name, one] : totals) {
      if (one.last) object.set(name, to_rfc3339(*one.last));
    }
  });
  const auto written = write_file_atomic(file_, as_bytes(json::write(std::move(object))), 0600);
  if (!written) {
    log::warning("when repositories were tended was not written",
                 {{"error", written.error().message()}});
  }
}

void TendingRounds::tend_one(const Repositories::Named& one, const std::atomic<bool>& stop) {
  const auto done = tend(*one.store, receive_clock_, clock_, stop);
  if (stop) return;
  totals_.with([&](auto& totals) {
    TendingTotals& total = totals[one.name];
    total.problem = done ? "" : done.error().message();
    if (!done) return;
    total.last = receive_clock_.now();
    total.sum.forgotten += done->forgotten;
    total.sum.still_locked = done->still_locked;
    total.sum.packs += done->packs;
    total.sum.bytes += done->bytes;
  });
  if (!done) {
    again_[one.name] = clock_.steady_now() + kPauseAfterFailure;
    log::error("tending failed", {{"repository", one.name}, {"error", done.error().message()}});
    return;
  }
  again_.erase(one.name);
  log::info("tended", {{"repository", one.name},
                       {"forgotten", std::to_string(done->forgotten)},
                       {"still_locked", std::to_string(done->still_locked)},
                       {"packs", std::to_string(done->packs)},
                       {"bytes", std::to_string(done->bytes)}});
  save();
}

void TendingRounds::step(const Repositories& repositories, const std::atomic<bool>& stop) {
  // Nothing expires while the clock is frozen.
  if (receive_clock_.frozen()) return;
  for (const Repositories::Named& one : repositories.all()) {
    if (stop) return;
    if (one.store->policy().keep.empty()) continue;
    // Before its client has made it.
    if (!one.store->load({FileType::config, ""})) continue;
    const auto last = totals_.with([&](const auto& totals) -> std::optional<WallTime> {
      const auto found = totals.find(one.name);
      if (found == totals.end()) return std::nullopt;
      return found->second.last;
    });
    if (last && receive_clock_.now() < *last + kTendingPeriod) continue;
    const auto again = again_.find(one.name);
    if (again != again_.end() && clock_.steady_now() < again->second) continue;
    tend_one(one, stop);
  }
}

std::map<std::string, TendingTotals> TendingRounds::totals() const {
  return totals_.with([](const auto& totals) { return totals; });
}

}  // namespace bulkhead::vault
