// How many events a second are acknowledged, that is, on disk: with many in line at once, and one
// at a time; and how often the disk is waited for. The folder is in $TMPDIR; what its disk takes
// for a sync is what the second measures.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "base/check.h"
#include "ledger/event.h"
#include "ledger/ledger.h"

namespace bulkhead::ledger {
namespace {

Bytes event(std::uint64_t number) {
  return encode_event({.time = WallTime(std::chrono::nanoseconds(1'600'000'000'000'000'000)),
                       .actor = "service:website",
                       .action = "form.submitted",
                       .object = "website",
                       .details = {{"client_address", "192.0.2.7"},
                                   {"number", number},
                                   {"request_id", "0123456789abcdef"},
                                   {"role", "member"}}});
}

struct Opened {
  explicit Opened(const Path& folder) {
    SeededRandom random(1);
    auto own_files = std::make_unique<LocalFiles>(folder);
    files = own_files.get();
    ledger = Ledger::open(std::move(own_files), "benchmark/ledger",
                          NoteSigner::generate("benchmark/ledger", SignerKind::log, random).value())
                 .value();
    syncs_to_open = files->syncs();
  }
  void report(benchmark::State& state, std::uint64_t events) const {
    const LedgerCounts counts = ledger->counts();
    const auto groups = static_cast<double>(counts.groups);
    state.counters["events_per_group"] = static_cast<double>(events) / groups;
    state.counters["syncs_per_group"] =
        static_cast<double>(files->syncs() - syncs_to_open) / groups;
    state.counters["checkpoints"] = static_cast<double>(counts.checkpoints);
  }

  LocalFiles* files = nullptr;  // the ledger's
  std::unique_ptr<Ledger> ledger;
  std::uint64_t syncs_to_open = 0;
};

// Encoding, hashing, journal, tiles, checkpoints: until the last event is on disk and signed; the
// counter `acknowledged` is of the events until the last one is on disk.
void in_groups(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  std::chrono::duration<double> until_acknowledged{};
  for (auto _ : state) {
    const auto folder = TemporaryDirectory::create("ledger-benchmark").value();
    const Opened opened(folder.path());
    std::vector<Ledger::Ticket> tickets;
    tickets.reserve(count);
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < count; ++i) {
      tickets.push_back(opened.ledger->submit(event(i)).value());
    }
    for (const Ledger::Ticket& ticket : tickets) CHECK(ticket.wait().has_value());
    until_acknowledged += std::chrono::steady_clock::now() - begin;
    CHECK(opened.ledger->sign_now().value().size == count);
    opened.report(state, count);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  state.counters["acknowledged_per_second"] =
      static_cast<double>(state.items_processed()) / until_acknowledged.count();
}
BENCHMARK(in_groups)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void one_at_a_time(benchmark::State& state) {
  const auto folder = TemporaryDirectory::create("ledger-benchmark").value();
  const Opened opened(folder.path());
  std::uint64_t i = 0;
  for (auto _ : state) CHECK(opened.ledger->append(event(i++)).has_value());
  opened.report(state, i);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_at_a_time)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace bulkhead::ledger
