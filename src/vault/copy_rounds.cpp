#include "vault/copy_rounds.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kStateSizeMax = 4096;
// What is gone is noticed within a day; a lock is moved once half its period is over, so four
// rounds a period leave none to end.
constexpr std::chrono::hours kPauseMax{24};
constexpr int kRoundsAPeriod = 4;

std::chrono::seconds pause_of(std::chrono::seconds period) {
  return std::min<std::chrono::seconds>(period / kRoundsAPeriod, kPauseMax);
}

json::Value optional_time(const std::optional<WallTime>& time) {
  return time ? json::Value(to_rfc3339(*time)) : json::Value();
}

std::optional<WallTime> time_in(const json::Value& value) {
  const std::string* text = value.string();
  const auto time =
      text != nullptr ? from_rfc3339(*text) : Result<WallTime>(fail(ErrorKind::invalid, ""));
  return time ? std::optional(*time) : std::nullopt;
}

}  // namespace

CopyRounds::CopyRounds(Options options) : options_(std::move(options)) {}

void CopyRounds::restore() {
  const auto text = read_text_file(options_.state_file, kStateSizeMax);
  const auto value = text ? json::parse(*text) : Result<json::Value>(json::Value());
  if (!value) return;
  const std::string* store = (*value)["store"].string();
  if (store == nullptr || *store != options_.store) return;
  complete_ = time_in((*value)["complete"]);
  totals_.with([&](CopyTotals& totals) { totals.complete_as_of = complete_; });
  const auto began = time_in((*value)["began"]);
  const auto repository = (*value)["repository"].to_string("repository");
  const auto folder = (*value)["folder"].to_u64("folder");
  const auto failed = (*value)["failed"].to_u64("failed");
  const bool* under_way = (*value)["under_way"].boolean();
  if (!began || !repository || !folder || !failed || under_way == nullptr) return;
  if (*folder >= static_cast<std::uint64_t>(kCopyFolders)) return;
  round_ = {*began, *repository, static_cast<int>(*folder), *failed, *under_way};
}

void CopyRounds::save() const {
  const std::string text = json::write(json::Object{{"store", options_.store},
                                                    {"began", to_rfc3339(round_.began)},
                                                    {"repository", round_.repository},
                                                    {"folder", round_.folder},
                                                    {"failed", round_.failed},
                                                    {"under_way", round_.under_way},
                                                    {"complete", optional_time(complete_)}});
  const auto written = write_file_atomic(options_.state_file, as_bytes(text + "\n"), 0600);
  if (!written) {
    log::warning("the place of the copies was not written", {{"error", written.error().message()}});
  }
}

bool CopyRounds::advance(const std::vector<Repositories::Named>& all) {
  if (++round_.folder < kCopyFolders) return false;
  round_.folder = 0;
  const auto next = std::find_if(all.begin(), all.end(),
                                 [&](const auto& one) { return one.name > round_.repository; });
  if (next == all.end()) return true;
  round_.repository = next->name;
  return false;
}

void CopyRounds::add(const std::string& repository, const CopyReport& report) {
  round_.failed += report.failed;
  totals_.with([&](CopyTotals& totals) {
    totals.looked_at += report.files;
    totals.copied += report.copied;
    totals.bytes += report.bytes;
    totals.extended += report.extended;
    totals.brought_back += report.brought_back;
    totals.failed += report.failed;
    totals.problem.clear();
  });
  if (report.copied == 0 || !complete_) return;
  options_.alarm(repository,
                 fmt::format("{} files were not in the object store any more, or lay under "
                             "something else there, and were put there again",
                             report.copied));
}

void CopyRounds::show_place(std::size_t at, std::size_t of) {
  const std::size_t folders = at * kCopyFolders + static_cast<std::size_t>(round_.folder);
  totals_.with([&](CopyTotals& totals) {
    totals.repository = round_.repository;
    totals.percent = static_cast<int>(folders * 100 / (of * kCopyFolders));
  });
}

void CopyRounds::end_round() {
  round_.under_way = false;
  if (round_.failed == 0) complete_ = round_.began;
  totals_.with([&](CopyTotals& totals) {
    totals.complete_as_of = complete_;
    totals.percent.reset();
  });
  save();
}

void CopyRounds::step(const Repositories& repositories, const std::atomic<bool>& stop) {
  const auto all = repositories.all();
  if (all.empty()) return;
  const WallTime now = options_.now();
  if (!round_.under_way) {
    if (now < round_.began + pause_of(options_.period)) return;
    round_ = {.began = now, .repository = all.front().name, .under_way = true};
  }
  while (!stop) {
    // A repository that has gone is passed over to the next one.
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const auto& one) { return one.name >= round_.repository; });
    if (at == all.end()) return end_round();
    if (at->name != round_.repository) {
      round_.repository = at->name;
      round_.folder = 0;
    }
    show_place(static_cast<std::size_t>(at - all.begin()), all.size());
    const auto report = at->store->keep_copies(round_.folder, stop);
    // A folder that was left in the middle is begun again.
    if (stop) return;
    if (!report) {
      const std::string problem = report.error().message();
      const bool is_new = totals_.with(
          [&](CopyTotals& totals) { return std::exchange(totals.problem, problem) != problem; });
      if (is_new) log::error("the copies do not go on", {{"error", problem}});
      return;
    }
    add(at->name, *report);
    if (advance(all)) return end_round();
    save();
  }
}

CopyTotals CopyRounds::totals() const {
  return totals_.with([](const CopyTotals& totals) { return totals; });
}

}  // namespace bulkhead::vault
