#include "base/clock.h"

#include <array>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "base/rfc3339.h"

namespace bulkhead {

WallTime SystemClock::now() const {
  return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}
SteadyTime SystemClock::steady_now() const { return std::chrono::steady_clock::now(); }

WallTime ManualClock::now() const {
  return WallTime(std::chrono::nanoseconds(nanoseconds_.load()));
}
SteadyTime ManualClock::steady_now() const {
  return SteadyTime(std::chrono::nanoseconds(nanoseconds_.load()));
}

namespace {

std::string seconds_part(WallTime time) {
  using namespace std::chrono;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(floor<seconds>(time) - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

std::int64_t nanoseconds_part(WallTime time) {
  return (time - std::chrono::floor<std::chrono::seconds>(time)).count();
}

// Reads exactly `count` digits.
std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count) {
  if (at + count > text.size()) return std::nullopt;
  int value = 0;
  for (std::size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

void append_rfc3339(std::string& out, WallTime time, std::chrono::minutes offset) {
  using namespace std::chrono;
  time += offset;
  const auto day = floor<days>(time);
  const year_month_day date(day);
  const auto second_of_day = static_cast<unsigned>(floor<seconds>(time - day).count());
  auto fraction = static_cast<unsigned>(nanoseconds_part(time));
  std::array<char, 40> text;
  char* at = text.data();
  const auto put = [&at](unsigned value, int count) {
    for (int i = count; i-- > 0; value /= 10) at[i] = static_cast<char>('0' + value % 10);
    at += count;
  };
  // Nanoseconds in 64 bits end in the year 2262.
  put(static_cast<unsigned>(static_cast<int>(date.year())), 4);
  *at++ = '-';
  put(static_cast<unsigned>(date.month()), 2);
  *at++ = '-';
  put(static_cast<unsigned>(date.day()), 2);
  *at++ = 'T';
  put(second_of_day / 3600, 2);
  *at++ = ':';
  put(second_of_day / 60 % 60, 2);
  *at++ = ':';
  put(second_of_day % 60, 2);
  if (fraction != 0) {
    int count = 9;
    for (; fraction % 10 == 0; fraction /= 10) --count;
    *at++ = '.';
    put(fraction, count);
  }
  if (offset == offset.zero()) {
    *at++ = 'Z';
  } else {
    const auto distance = static_cast<unsigned>(std::abs(offset.count()));
    *at++ = offset < offset.zero() ? '-' : '+';
    put(distance / 60, 2);
    *at++ = ':';
    put(distance % 60, 2);
  }
  out.append(text.data(), at);
}

std::string to_rfc3339(WallTime time) {
  std::string out;
  append_rfc3339(out, time);
  return out;
}

std::string to_rfc3339_milliseconds(WallTime time) {
  return fmt::format("{}.{:03}Z", seconds_part(time), nanoseconds_part(time) / 1'000'000);
}

Result<WallTime> from_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto bad = [&] {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is not an RFC 3339 time such as 2020-09-30T06:15:00Z", text));
  };
  const auto year_number = digits(text, 0, 4), month_number = digits(text, 5, 2),
             day_number = digits(text, 8, 2), hour = digits(text, 11, 2),
             minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year_number || !month_number || !day_number || !hour || !minute || !second) return bad();
  if (text[4] != '-' || text[7] != '-' || (text[10] != 'T' && text[10] != 't') || text[13] != ':' ||
      text[16] != ':') {
    return bad();
  }
  const year_month_day date(year(*year_number), month(static_cast<unsigned>(*month_number)),
                            day(static_cast<unsigned>(*day_number)));
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return bad();
  std::size_t at = 19;
  std::int64_t nanoseconds = 0;
  if (at < text.size() && text[at] == '.') {
    ++at;
    std::int64_t unit = 100'000'000;
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      nanoseconds += (text[at] - '0') * unit;
      unit /= 10;
      ++at;
    }
    if (at == start || at - start > 9) return bad();
  }
  minutes offset{0};
  if (at < text.size() && (text[at] == 'Z' || text[at] == 'z')) {
    ++at;
  } else if (at < text.size() && (text[at] == '+' || text[at] == '-')) {
    const auto offset_hours = digits(text, at + 1, 2), offset_minutes = digits(text, at + 4, 2);
    if (!offset_hours || !offset_minutes || text[at + 3] != ':') return bad();
    if (*offset_hours > 23 || *offset_minutes > 59) return bad();
    offset = hours(*offset_hours) + minutes(*offset_minutes);
    if (text[at] == '-') offset = -offset;
    at += 6;
  } else {
    return bad();
  }
  if (at != text.size()) return bad();
  // Years that do not fit 64-bit nanoseconds since 1970 end in 1677 and 2262.
  if (*year_number < 1678 || *year_number > 2261) return bad();
  return WallTime(sys_days(date)) + hours(*hour) + minutes(*minute) + seconds(*second) - offset +
         std::chrono::nanoseconds(nanoseconds);
}

}  // namespace bulkhead
