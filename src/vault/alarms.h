// What somebody must look at. Alarms are kept in alarms.jsonl, counted for the metrics, and, like
// announcements of what officers ordered, posted to a webhook where one is configured. Thread-safe.
#pragma once

#include <deque>
#include <map>
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
  // Reads what was raised before.
  static Result<std::unique_ptr<Alarms>> open(Path file, FileLayer& files);

  // Also logged. An alarm that cannot be written is still counted, logged and posted.
  void raise(Alarm alarm);
  // The newest first.
  std::vector<Alarm> latest(std::size_t count) const;
  std::map<AlarmKind, std::uint64_t> counts() const;
  // What was raised and not taken by this call before, oldest first: for the webhook.
  std::vector<Alarm> take_unsent();

 private:
  struct State {
    std::deque<Alarm> latest;  // the newest at the end
    std::map<AlarmKind, std::uint64_t> counts;
    std::vector<Alarm> unsent;
  };
  Alarms(Path file, FileLayer& files) : file_(std::move(file)), files_(files) {}
  Result<void> read();
  Result<void> append(const std::string& line);

  const Path file_;
  FileLayer& files_;
  Guarded<State> state_;
};

// As it is kept and posted.
std::string encode_alarm(const Alarm& alarm);

}  // namespace bulkhead::vault
