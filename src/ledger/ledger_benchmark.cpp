// How many events a second are acknowledged, that is, on disk: with many in line at once, and one
// at a time. The folder is in $TMPDIR; what its disk takes for a sync is what the second measures.
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

std::unique_ptr<Ledger> open(const Path& folder) {
  SeededRandom random(1);
  auto signer = NoteSigner::generate("benchmark/ledger", SignerKind::log, random);
  auto ledger = Ledger::open(std::make_unique<LocalFiles>(folder), "benchmark/ledger",
                             std::move(signer).value());
  CHECK(ledger.has_value());
  return std::move(*ledger);
}

// Encoding, hashing, journal, tiles, checkpoints: until the last event is on disk and signed.
void in_groups(benchmark::State& state) {
  const auto count = static_cast<std::uint64_t>(state.range(0));
  for (auto _ : state) {
    const auto folder = TemporaryDirectory::create("ledger-benchmark").value();
    const auto ledger = open(folder.path());
    std::vector<Ledger::Ticket> tickets;
    tickets.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      tickets.push_back(ledger->submit(event(i)).value());
    }
    for (const Ledger::Ticket& ticket : tickets) CHECK(ticket.wait().has_value());
    CHECK(ledger->sign_now().value().size == count);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(in_groups)->Arg(200'000)->Unit(benchmark::kMillisecond)->UseRealTime();

void one_at_a_time(benchmark::State& state) {
  const auto folder = TemporaryDirectory::create("ledger-benchmark").value();
  const auto ledger = open(folder.path());
  std::uint64_t i = 0;
  for (auto _ : state) CHECK(ledger->append(event(i++)).has_value());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(one_at_a_time)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace bulkhead::ledger
