#include "vault/alarms.h"

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kFileSizeMax = 256 * 1024 * 1024;
constexpr std::size_t kLatestMax = 200;
constexpr std::size_t kUnsentMax = 1000;

constexpr std::pair<AlarmKind, std::string_view> kKinds[] = {
    {AlarmKind::churn, "churn"},
    {AlarmKind::damaged_file, "damaged-file"},
    {AlarmKind::index_disagrees, "index-disagrees"},
    {AlarmKind::snapshot_time, "snapshot-time"},
    {AlarmKind::clock_jump, "clock-jump"},
    {AlarmKind::destruction, "destruction"},
    {AlarmKind::key_enrolled, "key-enrolled"},
    {AlarmKind::ledger_changed, "ledger-changed"},
    {AlarmKind::object_store, "object-store"}};

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

Result<std::unique_ptr<Alarms>> Alarms::open(Path file, FileLayer& files) {
  std::unique_ptr<Alarms> alarms(new Alarms(std::move(file), files));
  TRY(alarms->read());
  return alarms;
}

Result<void> Alarms::read() {
  const auto text = read_text_file(file_, kFileSizeMax);
  if (!text && text.error().kind() == ErrorKind::not_found) return {};
  if (!text) return std::unexpected(text.error());
  state_.with([&](State& state) {
    for (const std::string_view line : split(*text, '\n')) {
      auto alarm = parse_alarm(line);
      if (!alarm) continue;
      ++state.counts[alarm->kind];
      state.latest.push_back(std::move(*alarm));
      if (state.latest.size() > kLatestMax) state.latest.pop_front();
    }
  });
  return {};
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
  state_.with([&](State& state) {
    if (const auto written = append(encode_alarm(alarm)); !written) {
      log::error("an alarm was not written", {{"error", written.error().message()}});
    }
    ++state.counts[alarm.kind];
    if (state.unsent.size() < kUnsentMax) state.unsent.push_back(alarm);
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

std::vector<Alarm> Alarms::take_unsent() {
  return state_.with([](State& state) { return std::exchange(state.unsent, {}); });
}

}  // namespace bulkhead::vault
