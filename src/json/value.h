// JSON as values: what a parser answers and what handlers build. Objects keep the order of their
// keys. Limits: depth 64 (kJsonDepthMax). Reading goes through simdjson; writing is ours, since the
// repository needs Go's exact escapes (docs/formats/repository.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace bulkhead::json {

inline constexpr int kJsonDepthMax = 64;

class Value;
using Array = std::vector<Value>;
struct Member;

class Object {
 public:
  Object();
  Object(std::initializer_list<Member> members);
  // Of a key given twice, the first is found.
  explicit Object(std::vector<Member> members);
  Object(const Object&);
  Object(Object&&) noexcept;
  Object& operator=(const Object&);
  Object& operator=(Object&&) noexcept;
  ~Object();
  // Replaces the value where the key is there already.
  void set(std::string key, Value value);
  const Value* find(std::string_view key) const;
  const std::vector<Member>& members() const { return members_; }
  bool empty() const;

 private:
  std::vector<Member> members_;
};

class Value {
 public:
  Value() : value_(nullptr) {}
  Value(std::nullptr_t) : value_(nullptr) {}
  Value(bool value) : value_(value) {}
  Value(int value) : value_(static_cast<std::int64_t>(value)) {}
  Value(std::int64_t value) : value_(value) {}
  Value(std::uint64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(std::string_view value) : value_(std::string(value)) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(Array value) : value_(std::move(value)) {}
  Value(Object value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }
  bool is_array() const { return std::holds_alternative<Array>(value_); }
  bool is_string() const { return std::holds_alternative<std::string>(value_); }

  // nullptr, or nullopt-like, where the value is of another type.
  const Object* object() const { return std::get_if<Object>(&value_); }
  const Array* array() const { return std::get_if<Array>(&value_); }
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const bool* boolean() const { return std::get_if<bool>(&value_); }

  // The member of an object; a null value for what is not there.
  const Value& operator[](std::string_view key) const;

  // Typed reading with an error of kind corrupt that names `what`.
  Result<std::string> to_string(std::string_view what) const;
  Result<std::uint64_t> to_u64(std::string_view what) const;
  Result<std::int64_t> to_i64(std::string_view what) const;
  Result<double> to_double(std::string_view what) const;
  Result<bool> to_bool(std::string_view what) const;

  using Storage = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double,
                               std::string, Array, Object>;
  const Storage& storage() const { return value_; }

 private:
  Storage value_;
};

struct Member {
  std::string key;
  Value value;
};

// What stands in a string; nothing where the value is of another type or not there.
std::string text_of(const Value& value);

// Kind corrupt, with the byte offset where known.
Result<Value> parse(std::string_view text);

enum class Layout { compact, indented };
// As Go's encoding/json writes: `<`, `>`, `&`, U+2028 and U+2029 as \uXXXX, and bytes that are not
// UTF-8 as U+FFFD.
std::string write(const Value& value, Layout layout = Layout::compact);
void append_string(std::string& out, std::string_view text);

}  // namespace bulkhead::json
