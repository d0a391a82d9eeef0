#include "vault/alarms.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

// Of a longer file the end is read: whoever can raise alarms must not keep the vault from starting.
constexpr std::size_t kReadMax = 64 * 1024 * 1024;
constexpr std::size_t kLatestMax = 200;
constexpr std::size_t kUnpostedMax = 300;

constexpr std::pair<AlarmKind, std::string_view> kKinds[] = {
    {AlarmKind::churn, "churn"},
    {AlarmKind::damaged_file, "damaged-file"},
    {AlarmKind::index_disagrees, "index-disagrees"},
    {AlarmKind::snapshot_time, "snapshot-time"},
    {AlarmKind::clock_jump, "clock-jump"},
    {AlarmKind::destruction, "destruction"},
    {AlarmKind::key_enrolled, "key-enrolled"},
    {AlarmKind::ledger_changed, "ledger-changed"},
    {AlarmKind::object_store, "object-store"},
    {AlarmKind::not_inspected, "not-inspected"}};

std::optional<AlarmKind> kind_from(std::string_view name) {
  for (const auto& [value, known] : kKinds) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::optional<Alarm> parse_alarm(std::string_view line) {
  const auto value = json::parse(line);
  if (!value) return std::nullopt;
  const auto at = (*value)["at"].to_string("at");
  const auto kind = (*value)["kind"].to_string("kind");
  const auto repository = (*value)["repository"].to_string("repository");
  const auto text = (*value)["text"].to_string("text");
  if (!at || !kind || !repository || !text) return std::nullopt;
  const auto time = from_rfc3339(*at);
  const auto known = kind_from(*kind);
  if (!time || !known) return std::nullopt;
  return Alarm{*time, *known, *repository, *text};
}

bool is_no_destruction(const Alarm& alarm) { return alarm.kind != AlarmKind::destruction; }

// Empty where there is none.
Result<std::string> read_end_of(const Path& path) {
  const auto file = open_file(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (!file && file.error().kind() == ErrorKind::not_found) return std::string();
  if (!file) return std::unexpected(file.error());
  const off_t size = ::lseek(file->get(), 0, SEEK_END);
  const off_t from = std::max<off_t>(0, size - static_cast<off_t>(kReadMax));
  if (size < 0 || ::lseek(file->get(), from, SEEK_SET) < 0) {
    return fail_errno(errno, path.native());
  }
  // Twice as much, for what is added meanwhile.
  return std::string(as_text(TRY(read_to_end(file->get(), 2 * kReadMax))));
}

}  // namespace

std::string_view name_of(AlarmKind kind) {
  for (const auto& [value, name] : kKinds) {
    if (value == kind) return name;
  }
  return "";
}

std::vector<AlarmKind> all_alarm_kinds() {
  std::vector<AlarmKind> kinds;
  for (const auto& [value, name] : kKinds) kinds.push_back(value);
  return kinds;
}

std::string encode_alarm(const Alarm& alarm) {
  return json::write(json::Object{{"at", to_rfc3339(alarm.at)},
                                  {"kind", name_of(alarm.kind)},
                                  {"repository", alarm.repository},
                                  {"text", alarm.text}});
}

Result<std::unique_ptr<Alarms>> Alarms::open(const Path& folder, FileLayer& files,
                                             Posting posting) {
  std::unique_ptr<Alarms> alarms(new Alarms(folder, files, posting));
  TRY(alarms->read());
  return alarms;
}

Result<void> Alarms::read() {
  const auto text = read_end_of(file_);
  if (!text) return std::unexpected(text.error());
  const auto unposted = read_end_of(unposted_file_);
  if (!unposted) return std::unexpected(unposted.error());
  state_.with([&](State& state) {
    for (const std::string_view line : split(*text, '\n')) {
      auto alarm = parse_alarm(line);
      if (!alarm) continue;
      ++state.counts[alarm->kind];
      state.latest.push_back(std::move(*alarm));
      if (state.latest.size() > kLatestMax) state.latest.pop_front();
    }
    if (posting_ == Posting::none) return;
    for (const std::string_view line : split(*unposted, '\n')) {
      if (auto alarm = parse_alarm(line)) state.unposted.push_back(std::move(*alarm));
    }
  });
  return {};
}

void Alarms::keep_unposted(const State& state) const {
  std::string text;
  for (const Alarm& alarm : state.unposted) text += encode_alarm(alarm) + "\n";
  if (const auto written = write_file_atomic(unposted_file_, as_bytes(text), 0600); !written) {
    log::error("what is to be posted was not written", {{"error", written.error().message()}});
  }
}

Result<void> Alarms::append(const std::string& line) {
  FileDescriptor file = TRY(files_.open_log(file_));
  TRY(files_.write(file.get(), as_bytes("\n" + line + "\n")));
  return files_.sync_data(file.get());
}

void Alarms::raise(Alarm alarm) {
  log::error("alarm", {{"kind", std::string(name_of(alarm.kind))},
                       {"repository", alarm.repository},
                       {"text", alarm.text}});
  if (const auto recorded = record_ ? record_(alarm) : Result<void>(); !recorded) {
    log::error("an alarm is not in the ledger", {{"error", recorded.error().message()}});
  }
  state_.with([&](State& state) {
    if (const auto written = append(encode_alarm(alarm)); !written) {
      log::error("an alarm was not written", {{"error", written.error().message()}});
    }
    ++state.counts[alarm.kind];
    if (posting_ == Posting::wanted) {
      state.unposted.push_back(alarm);
      // What officers ordered is announced whatever else there is to tell.
      const auto least = std::ranges::find_if(state.unposted, is_no_destruction);
      if (state.unposted.size() > kUnpostedMax && least != state.unposted.end()) {
        log::error("too many alarms wait to be posted; this one is not",
                   {{"alarm", encode_alarm(*least)}});
        state.unposted.erase(least);
      }
      keep_unposted(state);
    }
    state.latest.push_back(std::move(alarm));
    if (state.latest.size() > kLatestMax) state.latest.pop_front();
  });
}

std::vector<Alarm> Alarms::latest(std::size_t count) const {
  return state_.with([&](const State& state) {
    std::vector<Alarm> out;
    for (auto at = state.latest.rbegin(); at != state.latest.rend() && out.size() < count; ++at) {
      out.push_back(*at);
    }
    return out;
  });
}

std::map<AlarmKind, std::uint64_t> Alarms::counts() const {
  return state_.with([](const State& state) { return state.counts; });
}

std::optional<Alarm> Alarms::next_unposted() const {
  return state_.with([](const State& state) -> std::optional<Alarm> {
    if (state.unposted.empty()) return std::nullopt;
    return state.unposted.front();
  });
}

void Alarms::was_posted(const Alarm& alarm) {
  state_.with([&](State& state) {
    // Unless it had to make room meanwhile.
    if (state.unposted.empty() || encode_alarm(state.unposted.front()) != encode_alarm(alarm)) {
      return;
    }
    state.unposted.pop_front();
    keep_unposted(state);
  });
}

std::size_t Alarms::unposted() const {
  return state_.with([](const State& state) { return state.unposted.size(); });
}

bool Alarms::destructions_are_announced() const {
  return state_.with(
      [](const State& state) { return std::ranges::all_of(state.unposted, is_no_destruction); });
}

}  // namespace bulkhead::vault
