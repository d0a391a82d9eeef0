// What somebody must look at. Alarms are kept in alarms.jsonl, counted for the metrics, and, like
// announcements of what officers ordered, posted to a webhook where one is configured: in their
// order, each until it was taken, also across a restart (`unposted.jsonl`). Thread-safe.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "vault/file_layer.h"

namespace bulkhead::vault {

enum class AlarmKind {
  churn,            // far more data than ever before
  damaged_file,     // its bytes no longer hash to its name
  index_disagrees,  // with the packs that it names; it is in quarantine
  snapshot_time,    // outside of when it was received
  clock_jump,       // nothing expires
  destruction,      // asked for, confirmed, cancelled or done
  key_enrolled,     // an officer allowed a key
  ledger_changed,   // one that is witnessed was forked or rolled back
  object_store,     // it lacked what it had before
  not_inspected,    // what arrives cannot be looked into
};
std::string_view name_of(AlarmKind kind);
std::vector<AlarmKind> all_alarm_kinds();

struct Alarm {
  WallTime at{};
  AlarmKind kind = AlarmKind::churn;
  std::string repository;  // empty: the whole vault
  std::string text;
};

class Alarms {
 public:
  enum class Posting { none, wanted };
  // In the vault's own folder. Reads what was raised before.
  static Result<std::unique_ptr<Alarms>> open(const Path& folder, FileLayer& files,
                                              Posting posting);

  // Called with each alarm, before it is posted. Set it before the first raise().
  void record_with(std::function<Result<void>(const Alarm&)> record) {
    record_ = std::move(record);
  }
  // Also logged. An alarm that cannot be written is still counted, logged and posted.
  void raise(Alarm alarm);
  // The newest first.
  std::vector<Alarm> latest(std::size_t count) const;
  std::map<AlarmKind, std::uint64_t> counts() const;
  // For the webhook: the oldest that it was not given yet; and that it has taken that one.
  std::optional<Alarm> next_unposted() const;
  void was_posted(const Alarm& alarm);
  std::size_t unposted() const;
  // Whether it has taken all announcements of destructions.
  bool destructions_are_announced() const;

 private:
  struct State {
    std::deque<Alarm> latest;  // the newest at the end
    std::map<AlarmKind, std::uint64_t> counts;
    std::deque<Alarm> unposted;
  };
  Alarms(const Path& folder, FileLayer& files, Posting posting)
      : file_(folder / "alarms.jsonl"),
        unposted_file_(folder / "unposted.jsonl"),
        posting_(posting),
        files_(files) {}
  Result<void> read();
  Result<void> append(const std::string& line);
  void keep_unposted(const State& state) const;

  const Path file_;
  const Path unposted_file_;
  const Posting posting_;
  FileLayer& files_;
  std::function<Result<void>(const Alarm&)> record_;
  Guarded<State> state_;
};

// As it is kept and posted.
std::string encode_alarm(const Alarm& alarm);

}  // namespace bulkhead::vault
