#include "vault/scrub.h"

#include <algorithm>

#include "base/log.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kStateSizeMax = 4096;

}  // namespace

void Scrub::restore() {
  due_ = clock_.steady_now();
  const auto text = read_text_file(file_, kStateSizeMax);
  const auto value = text ? json::parse(*text) : Result<json::Value>(json::Value());
  if (!value) return;
  const auto repository = (*value)["repository"].to_string("repository");
  const auto folder = (*value)["folder"].to_u64("folder");
  if (!repository || !folder || *folder >= static_cast<std::uint64_t>(kWalkedFolders)) return;
  place_ = {*repository, static_cast<int>(*folder)};
}

void Scrub::save() const {
  const std::string text =
      json::write(json::Object{{"repository", place_.repository}, {"folder", place_.folder}});
  if (const auto written = write_file_atomic(file_, as_bytes(text + "\n"), 0600); !written) {
    log::warning("the scrub's place was not written", {{"error", written.error().message()}});
  }
}

bool Scrub::advance(const std::vector<Repositories::Named>& all) {
  if (++place_.folder < kWalkedFolders) return false;
  place_.folder = 0;
  const auto next = std::find_if(all.begin(), all.end(),
                                 [&](const auto& one) { return one.name > place_.repository; });
  const bool wrapped = next == all.end();
  place_.repository = wrapped ? all.front().name : next->name;
  return wrapped;
}

void Scrub::step(const Repositories& repositories, const StepOptions& options) {
  const auto all = repositories.all();
  if (all.empty() || period_.count() == 0) return;
  const auto pause =
      std::chrono::nanoseconds(period_) / (static_cast<std::int64_t>(all.size()) * kWalkedFolders);
  const SteadyTime now = clock_.steady_now();
  bool moved = false;
  for (int i = 0; i < options.folders_max && due_ <= now && !options.stop; ++i, moved = true) {
    // A repository that has gone is passed over to the next one.
    auto at = std::find_if(all.begin(), all.end(),
                           [&](const auto& one) { return one.name >= place_.repository; });
    if (at == all.end()) at = all.begin();
    if (at->name != place_.repository) place_ = {at->name, 0};
    const auto report = at->store->scrub(place_.folder, options.stop);
    // A folder that was left in the middle is begun again.
    if (options.stop) break;
    const bool ended = advance(all);
    totals_.with([&](ScrubTotals& totals) {
      totals.rounds += ended ? 1 : 0;
      if (!report) return;
      totals.files += report->files;
      totals.bytes += report->bytes;
      totals.damaged += report->damaged;
      totals.mended += report->mended;
    });
    if (!report) log::error("scrubbing failed", {{"error", report.error().message()}});
    due_ += std::chrono::duration_cast<SteadyTime::duration>(pause);
  }
  // What could not be kept up with is not made up for in a burst.
  due_ = std::max(due_, now - std::chrono::duration_cast<SteadyTime::duration>(pause));
  if (moved) save();
}

ScrubTotals Scrub::totals() const {
  return totals_.with([](const ScrubTotals& totals) { return totals; });
}

}  // namespace bulkhead::vault
