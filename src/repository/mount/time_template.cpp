#include "repository/mount/time_template.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

struct Moment {
  std::chrono::year_month_day date;
  std::chrono::weekday weekday;
  std::chrono::hh_mm_ss<std::chrono::nanoseconds> time;
  int day_of_year;

  int year() const { return static_cast<int>(date.year()); }
  unsigned month() const { return static_cast<unsigned>(date.month()); }
  unsigned day() const { return static_cast<unsigned>(date.day()); }
  std::int64_t hour() const { return time.hours().count(); }
  std::int64_t hour_of_half_day() const { return hour() % 12 == 0 ? 12 : hour() % 12; }
};

Moment split(WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::sys_days new_year(date.year() / std::chrono::January / 1);
  return {date, std::chrono::weekday(day),
          std::chrono::hh_mm_ss<std::chrono::nanoseconds>(time - day),
          static_cast<int>((day - new_year).count()) + 1};
}

std::string month_name(const Moment& moment) {
  constexpr std::array kNames = {"January",   "February", "March",    "April",
                                 "May",       "June",     "July",     "August",
                                 "September", "October",  "November", "December"};
  return kNames[moment.month() - 1];
}

std::string day_name(const Moment& moment) {
  constexpr std::array kNames = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                 "Thursday", "Friday", "Saturday"};
  return kNames[moment.weekday.c_encoding()];
}

using Write = std::string (*)(const Moment&);
struct Element {
  std::string_view example;
  Write write;
};

// Where one example begins another, the longer comes first.
constexpr std::array kElements = std::to_array<Element>({
    {"January", month_name},
    {"Jan", [](const Moment& m) { return month_name(m).substr(0, 3); }},
    {"Monday", day_name},
    {"Mon", [](const Moment& m) { return day_name(m).substr(0, 3); }},
    {"MST", [](const Moment&) { return std::string("UTC"); }},
    {"2006", [](const Moment& m) { return fmt::format("{:04}", m.year()); }},
    {"__2", [](const Moment& m) { return fmt::format("{:3}", m.day_of_year); }},
    {"_2", [](const Moment& m) { return fmt::format("{:2}", m.day()); }},
    {"002", [](const Moment& m) { return fmt::format("{:03}", m.day_of_year); }},
    {"01", [](const Moment& m) { return fmt::format("{:02}", m.month()); }},
    {"02", [](const Moment& m) { return fmt::format("{:02}", m.day()); }},
    {"03", [](const Moment& m) { return fmt::format("{:02}", m.hour_of_half_day()); }},
    {"04", [](const Moment& m) { return fmt::format("{:02}", m.time.minutes().count()); }},
    {"05", [](const Moment& m) { return fmt::format("{:02}", m.time.seconds().count()); }},
    {"06", [](const Moment& m) { return fmt::format("{:02}", m.year() % 100); }},
    {"15", [](const Moment& m) { return fmt::format("{:02}", m.hour()); }},
    {"1", [](const Moment& m) { return fmt::format("{}", m.month()); }},
    {"2", [](const Moment& m) { return fmt::format("{}", m.day()); }},
    {"3", [](const Moment& m) { return fmt::format("{}", m.hour_of_half_day()); }},
    {"4", [](const Moment& m) { return fmt::format("{}", m.time.minutes().count()); }},
    {"5", [](const Moment& m) { return fmt::format("{}", m.time.seconds().count()); }},
    {"PM", [](const Moment& m) { return std::string(m.hour() >= 12 ? "PM" : "AM"); }},
    {"pm", [](const Moment& m) { return std::string(m.hour() >= 12 ? "pm" : "am"); }},
    {"-07:00:00", [](const Moment&) { return std::string("+00:00:00"); }},
    {"-07:00", [](const Moment&) { return std::string("+00:00"); }},
    {"-070000", [](const Moment&) { return std::string("+000000"); }},
    {"-0700", [](const Moment&) { return std::string("+0000"); }},
    {"-07", [](const Moment&) { return std::string("+00"); }},
    {"Z07:00:00", [](const Moment&) { return std::string("Z"); }},
    {"Z07:00", [](const Moment&) { return std::string("Z"); }},
    {"Z070000", [](const Moment&) { return std::string("Z"); }},
    {"Z0700", [](const Moment&) { return std::string("Z"); }},
    {"Z07", [](const Moment&) { return std::string("Z"); }},
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// ".000" or ",999" and so on, not within a longer number; 0 where there is none.
std::size_t fraction_length(std::string_view text) {
  if (text.size() < 2 || (text[0] != '.' && text[0] != ',')) return 0;
  if (text[1] != '0' && text[1] != '9') return 0;
  const std::size_t end = std::min(text.find_first_not_of(text[1], 1), text.size());
  return end < text.size() && is_digit(text[end]) ? 0 : end;
}

// Nines leave trailing zeros out, and with them the point.
std::string write_fraction(const Moment& moment, std::string_view example) {
  std::string digits = fmt::format("{:09}", moment.time.subseconds().count());
  digits.resize(std::min<std::size_t>(example.size() - 1, 9));
  if (example[1] == '9') {
    while (digits.ends_with('0')) digits.pop_back();
    if (digits.empty()) return "";
  }
  return example.front() + digits;
}

const Element* find_element(std::string_view text) {
  for (const Element& element : kElements) {
    if (!text.starts_with(element.example)) continue;
    // "Jan" and "Mon" begin other words, too.
    const bool word = element.example == "Jan" || element.example == "Mon";
    const char after = text.size() > element.example.size() ? text[element.example.size()] : ' ';
    if (word && after >= 'a' && after <= 'z') continue;
    return &element;
  }
  return nullptr;
}

}  // namespace

std::string format_time(WallTime time, std::string_view layout) {
  const Moment moment = split(time);
  std::string out;
  while (!layout.empty()) {
    std::size_t used = 1;
    if (layout.starts_with("_2006")) {
      // The underscore is no padding here: it stands before a year.
      out += '_';
    } else if (const std::size_t length = fraction_length(layout); length > 0) {
      out += write_fraction(moment, layout.substr(0, length));
      used = length;
    } else if (const Element* element = find_element(layout)) {
      out += element->write(moment);
      used = element->example.size();
    } else {
      out += layout.front();
    }
    layout.remove_prefix(used);
  }
  return out;
}

}  // namespace bulkhead::repository
