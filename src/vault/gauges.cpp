#include "vault/gauges.h"

#include <fmt/format.h>

#include "vault/metrics.h"

namespace bulkhead::vault {
namespace {

double seconds_of(const std::optional<WallTime>& time) {
  if (!time) return 0;
  return std::chrono::duration<double>(time->time_since_epoch()).count();
}

// One metric with a line for each repository.
class Family {
 public:
  Family(std::string_view name, std::string_view type) : name_(name) {
    text_ = fmt::format("# TYPE {} {}\n", name, type);
  }
  template <typename Value>
  void add(const std::string& repository, Value value) {
    fmt::format_to(std::back_inserter(text_), "{}{{repository=\"{}\"}} {}\n", name_,
                   escape_label(repository), value);
  }
  const std::string& text() const { return text_; }

 private:
  std::string_view name_;
  std::string text_;
};

std::string of_repositories(const Repositories& repositories) {
  Family bytes("bulkhead_vault_repository_bytes", "gauge");
  Family objects("bulkhead_vault_repository_objects", "gauge");
  Family received("bulkhead_vault_last_received_seconds", "gauge");
  Family snapshot("bulkhead_vault_last_snapshot_seconds", "gauge");
  Family locked("bulkhead_vault_locked_until_seconds", "gauge");
  Family share("bulkhead_vault_new_share", "gauge");
  Family quarantined("bulkhead_vault_quarantined_files", "gauge");
  for (const auto& [name, store] : repositories.all()) {
    const Standing standing = store->standing();
    bytes.add(name, standing.usage.bytes);
    objects.add(name, standing.usage.objects);
    received.add(name, seconds_of(standing.last_received));
    snapshot.add(name, seconds_of(standing.last_snapshot));
    locked.add(name, seconds_of(standing.locked_until));
    share.add(name, standing.new_share);
    quarantined.add(name, standing.quarantined);
  }
  return bytes.text() + objects.text() + received.text() + snapshot.text() + locked.text() +
         share.text() + quarantined.text();
}

std::string of_alarms(const Alarms& alarms) {
  std::string text = "# TYPE bulkhead_vault_alarms_total counter\n";
  const auto counts = alarms.counts();
  for (const AlarmKind kind : all_alarm_kinds()) {
    const auto found = counts.find(kind);
    fmt::format_to(std::back_inserter(text), "bulkhead_vault_alarms_total{{kind=\"{}\"}} {}\n",
                   name_of(kind), found == counts.end() ? 0 : found->second);
  }
  fmt::format_to(std::back_inserter(text),
                 "# TYPE bulkhead_vault_unposted_alarms gauge\nbulkhead_vault_unposted_alarms {}\n",
                 alarms.unposted());
  return text;
}

std::string of_tending(const std::map<std::string, TendingTotals>& totals) {
  if (totals.empty()) return "";
  Family last("bulkhead_vault_last_tended_seconds", "gauge");
  Family fails("bulkhead_vault_tending_fails", "gauge");
  Family locked("bulkhead_vault_locked_snapshots", "gauge");
  Family forgotten("bulkhead_vault_forgotten_snapshots_total", "counter");
  Family bytes("bulkhead_vault_pruned_bytes_total", "counter");
  for (const auto& [name, one] : totals) {
    last.add(name, seconds_of(one.last));
    fails.add(name, one.problem.empty() ? 0 : 1);
    locked.add(name, one.sum.still_locked);
    forgotten.add(name, one.sum.forgotten);
    bytes.add(name, one.sum.bytes);
  }
  return last.text() + fails.text() + locked.text() + forgotten.text() + bytes.text();
}

std::string of_copies(const std::optional<CopyTotals>& totals) {
  if (!totals) return "";
  std::string text;
  const auto add = [&](std::string_view name, std::string_view type, auto value) {
    fmt::format_to(
        std::back_inserter(text),
        "# TYPE bulkhead_vault_object_store_{0} {1}\nbulkhead_vault_object_store_{0} {2}\n", name,
        type, value);
  };
  add("answers", "gauge", totals->problem.empty() ? 1 : 0);
  add("complete_as_of_seconds", "gauge", seconds_of(totals->complete_as_of));
  add("looked_at_files_total", "counter", totals->looked_at);
  add("copied_files_total", "counter", totals->copied);
  add("copied_bytes_total", "counter", totals->bytes);
  add("extended_locks_total", "counter", totals->extended);
  add("brought_back_files_total", "counter", totals->brought_back);
  add("failed_files_total", "counter", totals->failed);
  return text;
}

}  // namespace

std::string write_gauges(Oversight& oversight) {
  const ScrubTotals scrubbed = oversight.scrubbed();
  return of_repositories(oversight.repositories()) + of_alarms(oversight.alarms()) +
         of_copies(oversight.copies()) + of_tending(oversight.tended()) +
         fmt::format(
             "# TYPE bulkhead_vault_clock_frozen gauge\nbulkhead_vault_clock_frozen {}\n"
             "# TYPE bulkhead_vault_scrubbed_files_total counter\n"
             "bulkhead_vault_scrubbed_files_total {}\n"
             "# TYPE bulkhead_vault_scrubbed_bytes_total counter\n"
             "bulkhead_vault_scrubbed_bytes_total {}\n"
             "# TYPE bulkhead_vault_scrub_damaged_total counter\n"
             "bulkhead_vault_scrub_damaged_total {}\n"
             "# TYPE bulkhead_vault_scrub_mended_total counter\n"
             "bulkhead_vault_scrub_mended_total {}\n"
             "# TYPE bulkhead_vault_scrub_rounds_total counter\n"
             "bulkhead_vault_scrub_rounds_total {}\n",
             oversight.receive_clock().frozen() ? 1 : 0, scrubbed.files, scrubbed.bytes,
             scrubbed.damaged, scrubbed.mended, scrubbed.rounds);
}

}  // namespace bulkhead::vault
