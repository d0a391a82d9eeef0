// The supervisor's timeline: numbered events, appended to state/events.jsonl and read again at the
// next start. The newest kEventsKeptMax are answered; the file keeps all. Thread-safe.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

inline constexpr std::size_t kEventsKeptMax = 10'000;

class EventLog {
 public:
  // A last line that a crash cut off is dropped; any other broken line is an error of kind corrupt.
  static Result<std::unique_ptr<EventLog>> open(const Path& file);

  Event append(Event event, const Clock& clock);
  std::vector<Event> after(std::uint64_t number, std::size_t count_max) const;

 private:
  EventLog() = default;
  mutable std::mutex mutex_;
  FileDescriptor file_;
  std::deque<Event> events_;
  std::uint64_t last_ = 0;
};

Result<Event> event_from_json(const json::Value& value);

}  // namespace bulkhead::supervisor
