#include "json/value.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::json {

Object::Object() = default;
Object::Object(const Object&) = default;
Object::Object(Object&&) noexcept = default;
Object& Object::operator=(const Object&) = default;
Object& Object::operator=(Object&&) noexcept = default;
Object::~Object() = default;
Object::Object(std::initializer_list<Member> members) : members_(members) {}
Object::Object(std::vector<Member> members) : members_(std::move(members)) {}

void Object::set(std::string key, Value value) {
  for (Member& member : members_) {
    if (member.key == key) {
      member.value = std::move(value);
      return;
    }
  }
  members_.push_back({std::move(key), std::move(value)});
}

const Value* Object::find(std::string_view key) const {
  for (const Member& member : members_) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

const Value& Value::operator[](std::string_view key) const {
  static const Value null;
  const Object* self = object();
  const Value* member = self ? self->find(key) : nullptr;
  return member ? *member : null;
}

bool Object::empty() const { return members_.empty(); }

namespace {
std::unexpected<Error> wrong_type(std::string_view what, std::string_view wanted) {
  return fail(ErrorKind::corrupt, fmt::format("{} is not {}", what, wanted));
}
}  // namespace

std::string text_of(const Value& value) {
  const std::string* text = value.string();
  return text != nullptr ? *text : "";
}

Result<std::string> Value::to_string(std::string_view what) const {
  if (const std::string* text = string()) return *text;
  return wrong_type(what, "a string");
}

Result<std::uint64_t> Value::to_u64(std::string_view what) const {
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_); number && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  return wrong_type(what, "a whole number of 0 or more");
}

Result<std::int64_t> Value::to_i64(std::string_view what) const {
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return *number;
  if (const auto* number = std::get_if<std::uint64_t>(&value_); number && *number <= INT64_MAX) {
    return static_cast<std::int64_t>(*number);
  }
  return wrong_type(what, "a whole number");
}

Result<double> Value::to_double(std::string_view what) const {
  if (const auto* number = std::get_if<double>(&value_)) return *number;
  if (const auto* number = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<std::uint64_t>(&value_)) return static_cast<double>(*number);
  return wrong_type(what, "a number");
}

Result<bool> Value::to_bool(std::string_view what) const {
  if (const bool* flag = boolean()) return *flag;
  return wrong_type(what, "true or false");
}

namespace {

bool needs_no_escape(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  });
}

}  // namespace

void append_string(std::string& out, std::string_view text) {
  out += '"';
  if (needs_no_escape(text)) {
    out += text;
    out += '"';
    return;
  }
  std::size_t i = 0;
  while (i < text.size()) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x80) {
      switch (c) {
        case '"': out += "\\\""; break;
        case '\\': out += "\\\\"; break;
        case '\n': out += "\\n"; break;
        case '\r': out += "\\r"; break;
        case '\t': out += "\\t"; break;
        default:
          if (c < 0x20 || c == '<' || c == '>' || c == '&') {
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
          } else {
            out += static_cast<char>(c);
          }
      }
      ++i;
      continue;
    }
    const std::size_t length = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    const std::string_view sequence = text.substr(i, length);
    if (sequence.size() != length || !is_valid_utf8(sequence)) {
      out += "\\ufffd";
      ++i;
      continue;
    }
    if (sequence == "\xe2\x80\xa8") out += "\\u2028";
    else if (sequence == "\xe2\x80\xa9") out += "\\u2029";
    else out += sequence;
    i += length;
  }
  out += '"';
}

namespace {

class Writer {
 public:
  explicit Writer(Layout layout) : layout_(layout) {}

  void write(const Value& value) {
    std::visit([this](const auto& alternative) { put(alternative); }, value.storage());
  }
  std::string take() { return std::move(out_); }

 private:
  void put(std::nullptr_t) { out_ += "null"; }
  void put(bool value) { out_ += value ? "true" : "false"; }
  void put(std::int64_t value) { out_ += fmt::format("{}", value); }
  void put(std::uint64_t value) { out_ += fmt::format("{}", value); }
  // JSON has no infinities and no NaN.
  void put(double value) { out_ += std::isfinite(value) ? fmt::format("{}", value) : "null"; }
  void put(const std::string& value) { append_string(out_, value); }
  void put(const Array& value) {
    out_ += '[';
    ++depth_;
    for (std::size_t i = 0; i < value.size(); ++i) {
      separate(i == 0);
      write(value[i]);
    }
    close(value.empty(), ']');
  }
  void put(const Object& value) {
    out_ += '{';
    ++depth_;
    bool first = true;
    for (const auto& [key, member] : value.members()) {
      separate(first);
      first = false;
      append_string(out_, key);
      out_ += layout_ == Layout::indented ? ": " : ":";
      write(member);
    }
    close(value.empty(), '}');
  }
  void separate(bool first) {
    if (!first) out_ += ',';
    break_line();
  }
  void close(bool empty, char bracket) {
    --depth_;
    if (!empty) break_line();
    out_ += bracket;
  }
  void break_line() {
    if (layout_ == Layout::compact) return;
    out_ += '\n';
    out_.append(static_cast<std::size_t>(depth_) * 2, ' ');
  }

  const Layout layout_;
  std::string out_;
  int depth_ = 0;
};

}  // namespace

std::string write(const Value& value, Layout layout) {
  Writer writer(layout);
  writer.write(value);
  return writer.take();
}

}  // namespace bulkhead::json
