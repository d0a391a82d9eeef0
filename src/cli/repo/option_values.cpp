#include "cli/repo/option_values.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <ctime>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::cli::repo {
namespace {

bool is_name_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

}  // namespace

Result<WallTime> parse_time(const std::string& text) {
  if (auto exact = from_rfc3339(text)) return *exact;
  constexpr std::array kForms = {"%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d",
                                 "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
                                 "%Y-%m-%dT%H:%M:%S"};
  for (const char* form : kForms) {
    std::tm parts{};
    parts.tm_isdst = -1;
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (end == nullptr || *end != '\0') continue;
    const std::time_t seconds = std::mktime(&parts);
    return WallTime(std::chrono::seconds(seconds));
  }
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is no time; write it as 2020-09-30 06:15:00", text));
}

Result<std::uint64_t> parse_size(const std::string& text, std::string_view option) {
  constexpr std::string_view kUnits = "kmgt";
  const auto refuse = [&] {
    return fail(ErrorKind::invalid,
                fmt::format("{} takes a size such as 500k, 10M or 2G, not \"{}\"", option, text));
  };
  std::string number = to_lower_ascii(text);
  if (number.ends_with('b')) number.pop_back();
  double factor = 1;
  if (!number.empty()) {
    const std::size_t unit = kUnits.find(number.back());
    if (unit != std::string_view::npos) {
      for (std::size_t i = 0; i <= unit; ++i) factor *= 1024;
      number.pop_back();
    }
  }
  if (number.empty() || number.find_first_not_of("0123456789.") != std::string::npos) {
    return refuse();
  }
  char* end = nullptr;
  const double value = std::strtod(number.c_str(), &end) * factor;
  if (*end != '\0' || value > 9e18) return refuse();
  return static_cast<std::uint64_t>(value);
}

Result<std::chrono::seconds> parse_duration(std::string_view text, std::string_view option) {
  const auto refuse = [&] {
    return fail(
        ErrorKind::invalid,
        fmt::format("{} takes a duration such as 30s, 5m or 1h30m, not \"{}\"", option, text));
  };
  std::chrono::seconds sum{0};
  for (std::string_view rest = text; !rest.empty();) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
    rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
    if (error != std::errc() || rest.empty() || number < 0 || number > 1'000'000) return refuse();
    switch (rest.front()) {
      case 's': sum += std::chrono::seconds(number); break;
      case 'm': sum += std::chrono::minutes(number); break;
      case 'h': sum += std::chrono::hours(number); break;
      default: return refuse();
    }
    rest.remove_prefix(1);
  }
  return text.empty() ? refuse() : Result<std::chrono::seconds>(sum);
}

std::string expand_variables(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      out += '$';
      text.remove_prefix(1);
      continue;
    }
    const bool braced = text.starts_with('{');
    if (braced) text.remove_prefix(1);
    std::size_t length = 0;
    while (length < text.size() && is_name_letter(text[length])) ++length;
    const char* value = std::getenv(std::string(text.substr(0, length)).c_str());
    if (value != nullptr) out += value;
    text.remove_prefix(length);
    if (braced && text.starts_with('}')) text.remove_prefix(1);
  }
  return out;
}

}  // namespace bulkhead::cli::repo
