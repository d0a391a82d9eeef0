#include "services/gisis/domain/record.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/text.h"
#include "services/gisis/domain/country.h"
#include "services/gisis/domain/numbers.h"

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kKeyLengthMax = 120;

std::string plain(std::string_view text) { return to_lower_ascii(trim(text)); }

bool matches(std::string_view header, const std::string& candidate) {
  return plain(header) == plain(candidate);
}

std::optional<std::size_t> find_column(std::span<const std::string> header,
                                       const std::vector<std::string>& candidates) {
  for (const std::string& candidate : candidates) {
    for (std::size_t i = 0; i < header.size(); ++i) {
      if (matches(header[i], candidate)) return i;
    }
  }
  return std::nullopt;
}

std::vector<std::string> with_first(std::vector<std::string> names, std::string first) {
  names.insert(names.begin(), std::move(first));
  return names;
}

Parsed<FieldValue> convert_integer(const FieldDefinition& field, std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (c != ' ' && c != ',') digits += c;  // thousands
  }
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [rest, failure] = std::from_chars(digits.data(), end, value);
  if (failure != std::errc() || rest != end) return std::unexpected(Reason::not_a_number);
  if (value < field.least || value > field.most) return std::unexpected(Reason::out_of_range);
  return value;
}

Parsed<FieldValue> convert_boolean(std::string_view text) {
  const std::string word = to_lower_ascii(text);
  for (const std::string_view yes : {"true", "yes", "y", "1", "x"}) {
    if (word == yes) return std::int64_t{1};
  }
  for (const std::string_view no : {"false", "no", "n", "0"}) {
    if (word == no) return std::int64_t{0};
  }
  return std::unexpected(Reason::not_yes_or_no);
}

Parsed<FieldValue> convert_choice(const FieldDefinition& field, std::string_view text) {
  for (const ChoiceDefinition& choice : field.choices) {
    if (matches(text, choice.value) || matches(text, choice.label.in(service::Language::en))) {
      return choice.value;
    }
    for (const std::string& other : choice.also) {
      if (matches(text, other)) return choice.value;
    }
  }
  return std::unexpected(Reason::unknown_choice);
}

template <typename Number>
Parsed<FieldValue> convert_number(std::string_view text) {
  const Parsed<Number> number = Number::parse(text);
  if (!number) return std::unexpected(number.error());
  return number->text();
}

Parsed<FieldValue> convert_text(const FieldDefinition& field, std::string_view text) {
  if (text.size() > field.length_max) return std::unexpected(Reason::too_long);
  return std::string(text);
}

std::string_view cell_of(const CsvRow& row, std::optional<std::size_t> column) {
  if (!column || *column >= row.cells.size()) return {};
  return trim(row.cells[*column]);
}

// Types whose text is worth keeping in its place although it is wrong: it can be searched for.
bool keeps_text(FieldType type) {
  switch (type) {
    case FieldType::text:
    case FieldType::long_text:
    case FieldType::imo_number:
    case FieldType::company_number:
    case FieldType::mmsi:
    case FieldType::country:
    case FieldType::choice: return true;
    case FieldType::integer:
    case FieldType::date:
    case FieldType::position:
    case FieldType::boolean: return false;
  }
  return false;
}

struct Given {
  std::string text;
  Parsed<FieldValue> value = std::unexpected(Reason::missing);
};

Given read_position(const FieldDefinition& field, const ColumnMap::Source& source,
                    const CsvRow& row) {
  const std::string_view latitude = cell_of(row, source.latitude_column);
  const std::string_view longitude = cell_of(row, source.longitude_column);
  if (latitude.empty() && longitude.empty()) {
    const std::string_view both = cell_of(row, source.column);
    return {std::string(both), convert_value(field, both)};
  }
  std::string text(latitude);
  if (!latitude.empty() && !longitude.empty()) text += ", ";
  text += longitude;
  if (latitude.empty() || longitude.empty()) {
    return {text, std::unexpected(Reason::half_a_position)};
  }
  const auto north = parse_angle(latitude, Axis::latitude);
  const auto east = parse_angle(longitude, Axis::longitude);
  if (!north) return {text, std::unexpected(north.error())};
  if (!east) return {text, std::unexpected(east.error())};
  return {text, Position{*north, *east}};
}

Given read_value(const FieldDefinition& field, const ColumnMap::Source& source, const CsvRow& row) {
  if (field.type == FieldType::position) return read_position(field, source, row);
  std::string text(cell_of(row, source.column));
  const bool guarded = field.type == FieldType::text || field.type == FieldType::long_text;
  if (guarded) text = unguard_formula(text);
  const auto means_nothing = [&](const std::string& word) { return matches(text, word); };
  if (std::any_of(field.empty_values.begin(), field.empty_values.end(), means_nothing))
    text.clear();
  return {text, convert_value(field, text)};
}

// FNV-1a: this tells records apart, and is no protection against anyone.
std::uint64_t content_hash(const Record& record) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  const auto add = [&](std::string_view text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
    }
    hash = (hash ^ 0x1f) * 0x100000001b3ull;  // between values
  };
  for (const FieldValue& value : record.values) {
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      add(std::to_string(*number));
    } else if (const auto* position = std::get_if<Position>(&value)) {
      add(format_position(*position));
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      add(*text);
    } else {
      add("");
    }
  }
  for (const Remark& remark : record.remarks) add(remark.given);
  return hash;
}

// Letters and digits of ASCII stay, in lower case; what is between them becomes one '-'.
void append_slug(std::string& key, std::string_view text) {
  bool gap = !key.empty();
  for (const char c : to_lower_ascii(text)) {
    if (key.size() >= kKeyLengthMax) return;
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) {
      if (gap && !key.empty()) key += '-';
      key += c;
      gap = false;
    } else {
      gap = true;
    }
  }
}

std::string make_key(const ModuleDefinition& module, const Record& record) {
  std::string key;
  for (const std::size_t index : module.key) {
    const FieldValue& value = record.values[index];
    if (const auto* text = std::get_if<std::string>(&value)) append_slug(key, *text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      append_slug(key, std::to_string(*number));
    }
  }
  if (module.content_in_key) append_slug(key, fmt::format("{:016x}", content_hash(record)));
  return key;
}

}  // namespace

Result<ColumnMap> ColumnMap::match(const ModuleDefinition& module,
                                   std::span<const std::string> header) {
  ColumnMap map;
  map.header.assign(header.begin(), header.end());
  std::vector<bool> used(header.size(), false);
  const auto use = [&](std::optional<std::size_t> column) {
    if (column) used[*column] = true;
    return column;
  };
  for (const FieldDefinition& field : module.fields) {
    Source source;
    auto candidates = with_first(field.columns, field.label.in(service::Language::en));
    source.column = use(find_column(header, with_first(std::move(candidates), field.name)));
    if (field.type == FieldType::position) {
      source.latitude_column =
          use(find_column(header, with_first(field.latitude_columns, field.name + "_latitude")));
      source.longitude_column =
          use(find_column(header, with_first(field.longitude_columns, field.name + "_longitude")));
    }
    if (field.required && !source.column && !source.latitude_column) {
      return fail(
          ErrorKind::invalid,
          fmt::format("the file has no column for \"{}\": name it \"{}\"{}{}",
                      field.label.in(service::Language::en), field.name,
                      field.columns.empty() ? "" : " or ", fmt::join(field.columns, " or ")));
    }
    map.sources.push_back(source);
  }
  for (std::size_t i = 0; i < header.size(); ++i) {
    if (!used[i]) map.unused.push_back(header[i]);
  }
  return map;
}

Parsed<FieldValue> convert_value(const FieldDefinition& field, std::string_view text) {
  text = trim(text);
  if (text.empty()) return FieldValue{};
  if (!is_valid_utf8(text)) return std::unexpected(Reason::not_utf8);
  switch (field.type) {
    case FieldType::text:
    case FieldType::long_text: return convert_text(field, text);
    case FieldType::integer: return convert_integer(field, text);
    case FieldType::date: {
      const auto date = parse_date(text, field.dates);
      if (!date) return std::unexpected(date.error());
      return format_date(*date);
    }
    case FieldType::imo_number: return convert_number<ImoNumber>(text);
    case FieldType::company_number: return convert_number<CompanyNumber>(text);
    case FieldType::mmsi: return convert_number<Mmsi>(text);
    case FieldType::position: {
      const auto position = parse_position(text);
      if (!position) return std::unexpected(position.error());
      return *position;
    }
    case FieldType::country: {
      const auto code = country_code_of(text);
      if (!code) return std::unexpected(Reason::unknown_country);
      return *code;
    }
    case FieldType::boolean: return convert_boolean(text);
    case FieldType::choice: return convert_choice(field, text);
  }
  return FieldValue{};
}

ConvertedRow convert_row(const ModuleDefinition& module, const ColumnMap& columns,
                         const CsvRow& row) {
  ConvertedRow converted;
  if (row.cells.size() != columns.header.size()) {
    converted.refusals.push_back({std::nullopt, Reason::columns_differ,
                                  fmt::format("{} / {}", row.cells.size(), columns.header.size())});
    return converted;
  }
  Record& record = converted.record;
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    const FieldDefinition& field = module.fields[i];
    Given given = read_value(field, columns.sources[i], row);
    if (given.value && std::holds_alternative<std::monostate>(*given.value) && field.required) {
      given.value = std::unexpected(Reason::missing);
    }
    if (given.value) {
      record.values.push_back(std::move(*given.value));
      continue;
    }
    // Bytes that are no text cannot be kept in a text column whatever the definition says.
    const Reason reason = given.value.error();
    const bool refuse = field.on_invalid == OnInvalid::refuse || reason == Reason::not_utf8;
    if (refuse) {
      converted.refusals.push_back({i, reason, given.text});
    } else if (field.on_invalid == OnInvalid::flag || !keeps_text(field.type)) {
      record.remarks.push_back({i, reason, given.text});
    }
    const bool keep = !refuse && !given.text.empty() && keeps_text(field.type);
    record.values.push_back(keep ? FieldValue(given.text) : FieldValue());
  }
  if (converted.refusals.empty()) record.key = make_key(module, record);
  return converted;
}

std::string searchable_text(const ModuleDefinition& module, const Record& record) {
  std::string text;
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    const FieldDefinition& field = module.fields[i];
    if (!field.searchable) continue;
    const auto* value = std::get_if<std::string>(&record.values[i]);
    if (value == nullptr) continue;
    text += *value;
    text += '\n';
    if (field.type == FieldType::country) {
      for (const service::Language language : service::kLanguages) {
        text += country_name(*value, language);
        text += '\n';
      }
    }
    const ChoiceDefinition* choice = field.find_choice(*value);
    for (const service::Language language : service::kLanguages) {
      if (choice == nullptr) break;
      text += choice->label.in(language);
      text += '\n';
    }
  }
  return text;
}

}  // namespace bulkhead::services::gisis
