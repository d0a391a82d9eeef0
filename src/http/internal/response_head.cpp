#include "http/internal/response_head.h"

#include <array>
#include <ctime>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::http::internal {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// Formatted once a second and thread.
std::string_view date_now() {
  thread_local std::time_t formatted_at = -1;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != formatted_at) {
    text = http_date(now);
    formatted_at = now;
  }
  return text;
}

bool is_ours(std::string_view name) {
  const std::string lower = to_lower_ascii(name);
  return lower == "content-length" || lower == "transfer-encoding" || lower == "connection" ||
         lower == "date" || lower == "keep-alive";
}

void append_without_controls(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  }
}

}  // namespace

std::string http_date(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  return fmt::format("{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                     kDays[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                     kMonths[static_cast<std::size_t>(parts.tm_mon)], parts.tm_year + 1900,
                     parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::optional<std::int64_t> parse_http_date(std::string_view text) {
  // Only the preferred form; the two obsolete ones have not been sent for decades.
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  std::tm parts{};
  const auto number = [&](std::size_t at, std::size_t count) {
    return parse_u64(text.substr(at, count));
  };
  const auto day = number(5, 2), year = number(12, 4), hour = number(17, 2), minute = number(20, 2),
             second = number(23, 2);
  if (!day || !year || !hour || !minute || !second) return std::nullopt;
  if (*day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  parts.tm_mon = -1;
  for (std::size_t month = 0; month < kMonths.size(); ++month) {
    if (kMonths[month] == text.substr(8, 3)) parts.tm_mon = static_cast<int>(month);
  }
  if (parts.tm_mon < 0) return std::nullopt;
  parts.tm_mday = static_cast<int>(*day);
  parts.tm_year = static_cast<int>(*year) - 1900;
  parts.tm_hour = static_cast<int>(*hour);
  parts.tm_min = static_cast<int>(*minute);
  parts.tm_sec = static_cast<int>(*second);
  return ::timegm(&parts);
}

std::string format_head(const Response& response, const HeadOptions& options) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 phrase_of(response.status), date_now());
  for (const auto& [name, value] : response.headers.all()) {
    if (is_ours(name)) continue;
    append_without_controls(out, name);
    out += ": ";
    append_without_controls(out, value);
    out += "\r\n";
  }
  switch (options.framing) {
    case Framing::length:
      fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", options.length);
      break;
    case Framing::chunked: out += "Transfer-Encoding: chunked\r\n"; break;
    case Framing::until_close:
    case Framing::none: break;
  }
  if (!options.keep_alive) {
    out += "Connection: close\r\n";
  } else if (options.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  if (!options.request_id.empty()) {
    out += "X-Request-Id: ";
    append_without_controls(out, options.request_id);
    out += "\r\n";
  }
  out += "\r\n";
  return out;
}

}  // namespace bulkhead::http::internal
