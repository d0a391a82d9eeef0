#include "services/meetings/domain/session.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"
#include "config/document.h"

namespace bulkhead::services::meetings {
namespace {

constexpr int kMinutesOfDay = 24 * 60;

// "09:30"; nullopt for what is no time of day.
std::optional<int> parse_clock_time(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hours = parse_u64(text.substr(0, 2));
  const auto minutes = parse_u64(text.substr(3));
  if (!hours || !minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return static_cast<int>(*hours * 60 + *minutes);
}

Result<int> read_clock_time(const config::Table& table, std::string_view key) {
  const auto minute = parse_clock_time(TRY(table.string(key)));
  if (!minute) {
    return std::unexpected(table.error_at(key, "must be a time of day in UTC, such as \"09:30\""));
  }
  return *minute;
}

Result<Session> read_session(const config::Table& table) {
  Session session{.starts_minute = TRY(read_clock_time(table, "starts")),
                  .ends_minute = TRY(read_clock_time(table, "ends")),
                  .body = TRY(table.string("body")),
                  .room = TRY(table.string("room"))};
  if (session.ends_minute <= session.starts_minute) {
    return std::unexpected(table.error_at("ends", "must be later than starts"));
  }
  for (const std::string& code : TRY(table.strings("interpretation"))) {
    const auto language = service::language_from_code(code);
    if (!language) {
      return std::unexpected(table.error_at(
          "interpretation", fmt::format("\"{}\" is none of en, fr, es, ar, zh, ru", code)));
    }
    session.interpretation.push_back(*language);
  }
  const config::Table titles = TRY(table.table("title"));
  for (const service::Language language : service::kLanguages) {
    session.title[language] = TRY(titles.string(service::code_of(language)));
  }
  return session;
}

}  // namespace

State state_of(const Session& session, int minute) {
  if (minute < session.starts_minute) return State::later;
  return minute < session.ends_minute ? State::under_way : State::over;
}

int minute_of_day(WallTime time) {
  const auto minutes = std::chrono::floor<std::chrono::minutes>(time.time_since_epoch()).count();
  return static_cast<int>(((minutes % kMinutesOfDay) + kMinutesOfDay) % kMinutesOfDay);
}

std::string clock_time(int minute) { return fmt::format("{:02}:{:02}", minute / 60, minute % 60); }

Result<std::vector<Session>> read_sessions(const Path& data) {
  const Path file = data / "sessions.toml";
  std::vector<Session> sessions;
  auto document = config::Document::read(file);
  if (!document) {
    if (document.error().kind() == ErrorKind::not_found) return sessions;
    return std::unexpected(document.error());
  }
  const auto tables = TRY(document->root().tables("sessions"));
  if (tables.size() > kSessionsMax) {
    return fail(ErrorKind::limit, fmt::format("{}: {} sessions, {} are the most", file.native(),
                                              tables.size(), kSessionsMax));
  }
  for (const config::Table& table : tables) sessions.push_back(TRY(read_session(table)));
  TRY(document->refuse_unknown_keys());
  std::ranges::sort(sessions, [](const Session& a, const Session& b) {
    return std::tie(a.starts_minute, a.body) < std::tie(b.starts_minute, b.body);
  });
  return sessions;
}

}  // namespace bulkhead::services::meetings
