// The one translation unit that includes toml++.
#include "config/document.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#define TOML_EXCEPTIONS 0
// toml++ 3.3 asserts that a table's name begins with a key character, and then handles the case
// that it does not ("[=a]"). With NDEBUG the same assertion is a promise to the optimiser, which
// is worse. Without either, such a file is the ordinary error that it should be.
#undef NDEBUG
#define TOML_ASSERT(expression) static_assert(true)
#include <algorithm>
#include <map>
#include <set>

#include <toml++/toml.h>

#include "base/file.h"
#include "base/text.h"

namespace bulkhead::config {
namespace internal {

struct State {
  std::string name;
  toml::table root;
  std::set<const toml::node*> known;
  // Every key that was asked for, by its table: what a misspelt key may have meant.
  std::map<const toml::node*, std::set<std::string, std::less<>>> asked;
};

}  // namespace internal

namespace {

// Node is only ever a toml::node behind an opaque name: the header does not include toml++.
const toml::node* unwrap(const internal::Node* node) {
  return reinterpret_cast<const toml::node*>(node);
}
const internal::Node* wrap(const toml::node* node) {
  return reinterpret_cast<const internal::Node*>(node);
}

std::string_view describe(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::string: return "a string";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number with a fraction";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "a date or time";
  }
}

std::string place(const internal::State& state, const toml::node& node) {
  return fmt::format("{}:{}", state.name, node.source().begin.line);
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

// "30s" with its unit; nullopt for anything else, and on overflow.
std::optional<std::uint64_t> with_unit(std::string_view text, std::span<const Unit> units) {
  const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto count = parse_u64(text.substr(0, digits));
  if (!count) return std::nullopt;
  for (const Unit& unit : units) {
    if (text.substr(digits) != unit.suffix) continue;
    if (*count > static_cast<std::uint64_t>(INT64_MAX) / unit.factor) return std::nullopt;
    return *count * unit.factor;
  }
  return std::nullopt;
}

constexpr Unit kDurations[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"", 1},
                           {"B", 1},
                           {"KiB", 1024},
                           {"MiB", 1024 * 1024},
                           {"GiB", 1024ull * 1024 * 1024},
                           {"TiB", 1024ull * 1024 * 1024 * 1024}};

}  // namespace

std::string Table::full_key(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

const internal::Node* Table::find(std::string_view key) const {
  const toml::table* table = unwrap(node_)->as_table();
  state_->asked[table].emplace(key);
  const toml::node* node = table->get(key);
  if (node) state_->known.insert(node);
  return wrap(node);
}

Result<const internal::Node*> Table::need(std::string_view key, std::string_view wanted) const {
  const internal::Node* node = find(key);
  if (node) return node;
  return std::unexpected(
      error_at("", fmt::format("{} is missing: it must be {}", full_key(key), wanted)));
}

Error Table::error_at(std::string_view key, std::string_view what) const {
  const toml::node* node = unwrap(node_);
  if (!key.empty()) {
    if (const toml::node* value = node->as_table()->get(key)) node = value;
  }
  const std::string where = place(*state_, *node);
  if (key.empty()) return Error(ErrorKind::invalid, fmt::format("{}: {}", where, what));
  return Error(ErrorKind::invalid, fmt::format("{}: {}: {}", where, full_key(key), what));
}

bool Table::has(std::string_view key) const {
  state_->asked[unwrap(node_)].emplace(key);
  return unwrap(node_)->as_table()->contains(key);
}

std::vector<std::string> Table::keys() const {
  // toml++ sorts keys; people expect the order that they wrote.
  std::vector<std::pair<toml::source_position, std::string>> found;
  for (const auto& [key, value] : *unwrap(node_)->as_table()) {
    found.emplace_back(key.source().begin, std::string(key.str()));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.line, a.first.column) < std::pair(b.first.line, b.first.column);
  });
  std::vector<std::string> out;
  for (auto& [position, key] : found) out.push_back(std::move(key));
  return out;
}

Result<std::string> Table::string(std::string_view key) const {
  const toml::node* node = unwrap(TRY(need(key, "a string")));
  if (const auto* value = node->as_string()) return value->get();
  return std::unexpected(error_at(key, fmt::format("must be a string, not {}", describe(*node))));
}

Result<std::string> Table::string(std::string_view key, std::string_view otherwise) const {
  if (!has(key)) return std::string(otherwise);
  return string(key);
}

Result<std::string> Table::one_of(std::string_view key,
                                  const std::vector<std::string>& allowed) const {
  TRY(need(key, fmt::format("one of {}", fmt::join(allowed, ", "))));
  const std::string value = TRY(string(key));
  if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return value;
  return std::unexpected(error_at(
      key, fmt::format("\"{}\" is not allowed; use one of {}", value, fmt::join(allowed, ", "))));
}

Result<std::string> Table::one_of(std::string_view key, const std::vector<std::string>& allowed,
                                  std::string_view otherwise) const {
  if (!has(key)) return std::string(otherwise);
  return one_of(key, allowed);
}

Result<std::int64_t> Table::integer(std::string_view key, Range range) const {
  const std::string wanted =
      range.least == INT64_MIN && range.most == INT64_MAX
          ? "a whole number"
          : fmt::format("a whole number from {} to {}", range.least, range.most);
  const toml::node* node = unwrap(TRY(need(key, wanted)));
  const auto* value = node->as_integer();
  if (!value) {
    return std::unexpected(
        error_at(key, fmt::format("must be {}, not {}", wanted, describe(*node))));
  }
  if (value->get() < range.least || value->get() > range.most) {
    return std::unexpected(
        error_at(key, fmt::format("{} is out of range; it must be {}", value->get(), wanted)));
  }
  return value->get();
}

Result<std::int64_t> Table::integer(std::string_view key, Range range,
                                    std::int64_t otherwise) const {
  if (!has(key)) return otherwise;
  return integer(key, range);
}

Result<double> Table::number(std::string_view key) const {
  const toml::node* node = unwrap(TRY(need(key, "a number")));
  if (const auto* value = node->as_floating_point()) return value->get();
  if (const auto* value = node->as_integer()) return static_cast<double>(value->get());
  return std::unexpected(error_at(key, fmt::format("must be a number, not {}", describe(*node))));
}

Result<double> Table::number(std::string_view key, double otherwise) const {
  if (!has(key)) return otherwise;
  return number(key);
}

Result<bool> Table::boolean(std::string_view key) const {
  const toml::node* node = unwrap(TRY(need(key, "true or false")));
  if (const auto* value = node->as_boolean()) return value->get();
  return std::unexpected(
      error_at(key, fmt::format("must be true or false, not {}", describe(*node))));
}

Result<bool> Table::boolean(std::string_view key, bool otherwise) const {
  if (!has(key)) return otherwise;
  return boolean(key);
}

Result<std::chrono::milliseconds> Table::duration(std::string_view key) const {
  const std::string text = TRY(string(key));
  if (const auto value = with_unit(text, kDurations)) {
    return std::chrono::milliseconds(static_cast<std::int64_t>(*value));
  }
  return std::unexpected(error_at(
      key, fmt::format("\"{}\" is not a duration; write a number and ms, s, m, h or d", text)));
}

Result<std::chrono::milliseconds> Table::duration(std::string_view key,
                                                  std::chrono::milliseconds otherwise) const {
  if (!has(key)) return otherwise;
  return duration(key);
}

Result<std::uint64_t> Table::size(std::string_view key) const {
  const toml::node* node = unwrap(TRY(need(key, "a size such as \"512MiB\"")));
  if (const auto* value = node->as_integer(); value && value->get() >= 0) {
    return static_cast<std::uint64_t>(value->get());
  }
  const auto* text = node->as_string();
  if (text) {
    if (const auto value = with_unit(text->get(), kSizes)) return *value;
  }
  return std::unexpected(error_at(
      key, "is not a size; write a number and B, KiB, MiB, GiB or TiB, such as \"512MiB\""));
}

Result<std::uint64_t> Table::size(std::string_view key, std::uint64_t otherwise) const {
  if (!has(key)) return otherwise;
  return size(key);
}

Result<std::vector<std::string>> Table::strings(std::string_view key) const {
  std::vector<std::string> out;
  if (!has(key)) return out;
  const toml::node* node = unwrap(find(key));
  const toml::array* array = node->as_array();
  if (!array) {
    return std::unexpected(
        error_at(key, fmt::format("must be a list of strings, not {}", describe(*node))));
  }
  for (const toml::node& item : *array) {
    const auto* value = item.as_string();
    if (!value) {
      return std::unexpected(
          error_at(key, fmt::format("must hold strings only, not {}", describe(item))));
    }
    out.push_back(value->get());
  }
  return out;
}

Result<Table> Table::table(std::string_view key) const {
  const toml::node* node = unwrap(TRY(need(key, fmt::format("a table [{}]", full_key(key)))));
  if (!node->is_table()) {
    return std::unexpected(error_at(key, fmt::format("must be a table, not {}", describe(*node))));
  }
  return Table(wrap(node), state_, full_key(key));
}

Result<std::optional<Table>> Table::optional_table(std::string_view key) const {
  if (!has(key)) return std::optional<Table>();
  return std::optional<Table>(TRY(table(key)));
}

Result<std::vector<Table>> Table::tables(std::string_view key) const {
  std::vector<Table> out;
  if (!has(key)) return out;
  const toml::node* node = unwrap(find(key));
  const toml::array* array = node->as_array();
  if (!array) {
    return std::unexpected(error_at(
        key, fmt::format("must be tables [[{}]], not {}", full_key(key), describe(*node))));
  }
  for (std::size_t i = 0; i < array->size(); ++i) {
    const toml::node* item = array->get(i);
    if (!item->is_table()) {
      return std::unexpected(
          error_at(key, fmt::format("must hold tables [[{}]] only", full_key(key))));
    }
    state_->known.insert(item);
    out.emplace_back(wrap(item), state_, fmt::format("{}[{}]", full_key(key), i));
  }
  return out;
}

Document::Document(std::unique_ptr<internal::State> state) : state_(std::move(state)) {}
Document::Document(Document&&) noexcept = default;
Document& Document::operator=(Document&&) noexcept = default;
Document::~Document() = default;

Result<Document> Document::read(const std::filesystem::path& path) {
  const std::string text = TRY(read_text_file(path, kDocumentSizeMax));
  return parse(text, path.native());
}

Result<Document> Document::parse(std::string_view text, std::string_view name) {
  auto state = std::make_unique<internal::State>();
  state->name = std::string(name);
  if (!is_valid_utf8(text)) {
    // No character of UTF-8 spans a line's end.
    std::size_t line = 1;
    for (const std::string_view each : split(text, '\n')) {
      if (!is_valid_utf8(each)) break;
      ++line;
    }
    return fail(ErrorKind::invalid, fmt::format("{}:{}: is not UTF-8 text", name, line));
  }
  toml::parse_result parsed = toml::parse(text, name);
  if (!parsed) {
    return fail(ErrorKind::invalid,
                fmt::format("{}:{}: {}", name, parsed.error().source().begin.line,
                            std::string(parsed.error().description())));
  }
  state->root = std::move(parsed).table();
  return Document(std::move(state));
}

Table Document::root() const { return Table(wrap(&state_->root), state_.get(), ""); }

namespace {

std::string suggestion(const toml::table& table, const internal::State& state,
                       std::string_view key) {
  const auto asked = state.asked.find(&table);
  if (asked == state.asked.end()) return "";
  const auto nearest = std::min_element(
      asked->second.begin(), asked->second.end(),
      [&](const auto& a, const auto& b) { return edit_distance(key, a) < edit_distance(key, b); });
  if (edit_distance(key, *nearest) <= 2) return fmt::format("; did you mean \"{}\"?", *nearest);
  return fmt::format("; allowed here: {}", fmt::join(asked->second, ", "));
}

Result<void> refuse_unknown(const toml::table& table, const internal::State& state,
                            const std::string& path);

Result<void> look_inside(const toml::node& node, const internal::State& state,
                         const std::string& path) {
  if (const toml::table* inner = node.as_table()) return refuse_unknown(*inner, state, path);
  if (const toml::array* array = node.as_array()) {
    for (std::size_t i = 0; i < array->size(); ++i) {
      const toml::table* inner = array->get(i)->as_table();
      if (inner) TRY(refuse_unknown(*inner, state, fmt::format("{}[{}]", path, i)));
    }
  }
  return {};
}

Result<void> refuse_unknown(const toml::table& table, const internal::State& state,
                            const std::string& path) {
  for (const auto& [key, value] : table) {
    const std::string name(key.str());
    const std::string full = path.empty() ? name : path + "." + name;
    if (state.known.contains(&value)) {
      TRY(look_inside(value, state, full));
      continue;
    }
    return fail(ErrorKind::invalid,
                fmt::format("{}:{}: {}: is not a known key{}", state.name, key.source().begin.line,
                            full, suggestion(table, state, name)));
  }
  return {};
}

}  // namespace

Result<void> Document::refuse_unknown_keys() const {
  return refuse_unknown(state_->root, *state_, "");
}

}  // namespace bulkhead::config
