#include "service/format.h"

#include <array>
#include <chrono>
#include <mutex>
#include <optional>

#include <unicode/decimfmt.h>
#include <unicode/dtptngen.h>
#include <unicode/locid.h>
#include <unicode/numberformatter.h>
#include <unicode/smpdtfmt.h>

#include "base/check.h"

namespace bulkhead::service {
namespace {

icu::Locale locale_of(Language language) {
  switch (language) {
    case Language::en: return icu::Locale("en", "GB");
    case Language::fr: return icu::Locale("fr");
    case Language::es: return icu::Locale("es");
    case Language::ar: return icu::Locale("ar", nullptr, nullptr, "numbers=latn");
    case Language::zh: return icu::Locale("zh", "Hans");
    case Language::ru: return icu::Locale("ru");
  }
  return icu::Locale::getRoot();
}

std::string to_utf8(const icu::UnicodeString& text) {
  std::string out;
  text.toUTF8String(out);
  return out;
}

enum class DateStyle { long_date, short_date, long_date_time };

std::unique_ptr<icu::DateFormat> make_date_format(Language language, DateStyle style) {
  const icu::Locale locale = locale_of(language);
  std::unique_ptr<icu::DateFormat> format;
  switch (style) {
    case DateStyle::long_date:
      format.reset(icu::DateFormat::createDateInstance(icu::DateFormat::kLong, locale));
      break;
    case DateStyle::short_date:
      format.reset(icu::DateFormat::createDateInstance(icu::DateFormat::kMedium, locale));
      break;
    case DateStyle::long_date_time:
      format.reset(icu::DateFormat::createDateTimeInstance(icu::DateFormat::kLong,
                                                           icu::DateFormat::kShort, locale));
      break;
  }
  CHECK(format != nullptr);  // ICU's data is a part of its library
  format->adoptTimeZone(icu::TimeZone::getGMT()->clone());
  return format;
}

// ICU's formats are costly to make and not to be shared between threads: each thread keeps its own.
std::string format_time(Language language, DateStyle style, WallTime time) {
  thread_local std::array<std::array<std::unique_ptr<icu::DateFormat>, 3>, 6> formats;
  auto& format = formats[static_cast<std::size_t>(language)][static_cast<std::size_t>(style)];
  if (!format) format = make_date_format(language, style);
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  icu::UnicodeString text;
  format->format(static_cast<UDate>(milliseconds), text);
  return to_utf8(text);
}

const icu::number::LocalizedNumberFormatter& number_format(Language language) {
  thread_local std::array<std::optional<icu::number::LocalizedNumberFormatter>, 6> formats;
  auto& format = formats[static_cast<std::size_t>(language)];
  if (!format) format = icu::number::NumberFormatter::withLocale(locale_of(language));
  return *format;
}

}  // namespace

std::string format_date(Language language, WallTime time) {
  return format_time(language, DateStyle::long_date, time);
}

std::string format_short_date(Language language, WallTime time) {
  return format_time(language, DateStyle::short_date, time);
}

std::string format_date_time(Language language, WallTime time) {
  return format_time(language, DateStyle::long_date_time, time) + " UTC";
}

std::string format_number(Language language, std::int64_t number) {
  UErrorCode status = U_ZERO_ERROR;
  return to_utf8(number_format(language).formatInt(number, status).toString(status));
}

std::string format_decimal(Language language, double number, int decimals) {
  UErrorCode status = U_ZERO_ERROR;
  return to_utf8(number_format(language)
                     .precision(icu::number::Precision::fixedFraction(decimals))
                     .formatDouble(number, status)
                     .toString(status));
}

std::string format_size(Language language, std::uint64_t bytes) {
  struct Unit {
    const char* name;
    double size;
  };
  static constexpr Unit kUnits[] = {
      {"byte", 1}, {"kilobyte", 1e3}, {"megabyte", 1e6}, {"gigabyte", 1e9}, {"terabyte", 1e12}};
  const Unit* unit = &kUnits[0];
  for (const Unit& candidate : kUnits) {
    if (static_cast<double>(bytes) >= candidate.size) unit = &candidate;
  }
  const double value = static_cast<double>(bytes) / unit->size;
  UErrorCode status = U_ZERO_ERROR;
  const int decimals = unit->size > 1 && value < 100 ? 1 : 0;
  return to_utf8(number_format(language)
                     .unit(icu::MeasureUnit::forIdentifier(unit->name, status))
                     .unitWidth(UNUM_UNIT_WIDTH_SHORT)
                     .precision(icu::number::Precision::maxFraction(decimals))
                     .formatDouble(value, status)
                     .toString(status));
}

}  // namespace bulkhead::service
