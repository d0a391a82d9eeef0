// The sessions of a day, as data/sessions.toml lists them:
//
//   [[sessions]]
//   starts = "09:30"            # UTC
//   ends = "12:30"
//   body = "MSC"
//   room = "Main Hall"
//   interpretation = ["en", "fr", "es", "ar", "zh", "ru"]
//   title = { en = "…", fr = "…", es = "…", ar = "…", zh = "…", ru = "…" }
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "service/language.h"

namespace bulkhead::services::meetings {

inline constexpr std::size_t kSessionsMax = 200;

struct Session {
  int starts_minute = 0;  // of the day, UTC
  int ends_minute = 0;
  std::string body;
  std::string room;
  std::vector<service::Language> interpretation;
  std::map<service::Language, std::string> title;  // all six
};

enum class State { later, under_way, over };
State state_of(const Session& session, int minute_of_day);
int minute_of_day(WallTime time);
// 570 → "09:30".
std::string clock_time(int minute);

// In the order of their beginning. A folder without the file has none; a file with a mistake is an
// error that names its line.
Result<std::vector<Session>> read_sessions(const Path& data);

}  // namespace bulkhead::services::meetings
