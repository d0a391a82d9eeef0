#include "supervisor/control/event_log.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

namespace bulkhead::supervisor {
namespace {

// Some 400 bytes an event: half a million events.
constexpr std::size_t kFileSizeMax = 256u << 20;

}  // namespace

Result<Event> event_from_json(const json::Value& value) {
  Event event;
  event.number = TRY(value["number"].to_u64("number"));
  const std::string time = TRY(value["time"].to_string("time"));
  event.time = TRY(from_rfc3339(time));
  event.kind = TRY(value["kind"].to_string("kind"));
  event.message = TRY(value["message"].to_string("message"));
  if (const std::string* service = value["service"].string()) event.service = *service;
  if (const std::string* incident = value["incident"].string()) event.incident = *incident;
  if (const json::Object* details = value["details"].object()) event.details = *details;
  return event;
}

Result<std::unique_ptr<EventLog>> EventLog::open(const Path& file) {
  std::unique_ptr<EventLog> log(new EventLog());
  log->file_ = TRY(open_file(file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  const Bytes bytes = TRY_CONTEXT(read_to_end(log->file_.get(), kFileSizeMax), file.native());
  std::string_view text = as_text(bytes);
  const std::size_t complete =
      text.rfind('\n') == std::string_view::npos ? 0 : text.rfind('\n') + 1;
  if (complete != text.size()) {
    log::warning("the last event was cut off by a crash", {{"file", file.native()}});
    if (::ftruncate(log->file_.get(), static_cast<off_t>(complete)) != 0) {
      return fail_errno(errno, file.native());
    }
  }
  text = text.substr(0, complete);
  std::size_t number = 0;
  for (const std::string_view line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const std::string where = fmt::format("{}:{}", file.native(), number);
    const json::Value value = TRY_CONTEXT(json::parse(line), where);
    Event event = TRY_CONTEXT(event_from_json(value), where);
    if (event.number != log->last_ + 1) {
      return fail(ErrorKind::corrupt,
                  fmt::format("{}: event {} follows event {}", where, event.number, log->last_));
    }
    log->last_ = event.number;
    log->events_.push_back(std::move(event));
    if (log->events_.size() > kEventsKeptMax) log->events_.pop_front();
  }
  return log;
}

Event EventLog::append(Event event, const Clock& clock) {
  const std::lock_guard lock(mutex_);
  event.number = ++last_;
  if (event.time == WallTime{}) event.time = clock.now();
  const auto written = write_all(file_.get(), as_bytes(json::write(to_json(event)) + "\n"));
  if (!written) log::error("keeping an event", {{"why", written.error().message()}});
  events_.push_back(event);
  if (events_.size() > kEventsKeptMax) events_.pop_front();
  return event;
}

std::vector<Event> EventLog::after(std::uint64_t number, std::size_t count_max) const {
  const std::lock_guard lock(mutex_);
  std::vector<Event> out;
  for (const Event& event : events_) {
    if (out.size() >= count_max) break;
    if (event.number > number) out.push_back(event);
  }
  return out;
}

}  // namespace bulkhead::supervisor
