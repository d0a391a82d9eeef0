// The one translation unit that includes simdjson.
#include <fmt/format.h>
#include <simdjson.h>

#include "json/value.h"

namespace bulkhead::json {
namespace {

using simdjson::dom::element;
using simdjson::dom::element_type;

Result<Value> convert(const element& source, int depth) {
  if (depth > kJsonDepthMax) {
    return fail(ErrorKind::limit, fmt::format("JSON is nested deeper than {}", kJsonDepthMax));
  }
  switch (source.type()) {
    case element_type::ARRAY: {
      Array array;
      for (const element item : simdjson::dom::array(source)) {
        array.push_back(TRY(convert(item, depth + 1)));
      }
      return Value(std::move(array));
    }
    case element_type::OBJECT: {
      std::vector<Member> members;
      for (const auto [key, item] : simdjson::dom::object(source)) {
        members.push_back({std::string(key), TRY(convert(item, depth + 1))});
      }
      return Value(Object(std::move(members)));
    }
    case element_type::INT64: return Value(static_cast<std::int64_t>(source));
    case element_type::UINT64: return Value(static_cast<std::uint64_t>(source));
    case element_type::DOUBLE: return Value(static_cast<double>(source));
    case element_type::STRING: return Value(std::string_view(source));
    case element_type::BOOL: return Value(static_cast<bool>(source));
    case element_type::NULL_VALUE: return Value();
  }
  return fail(ErrorKind::internal, "JSON element of an unknown type");
}

}  // namespace

Result<Value> parse(std::string_view text) {
  // An empty view may have no address, and simdjson copies from it.
  if (text.empty()) return fail(ErrorKind::corrupt, "not JSON: the text is empty");
  try {
    // A parser of its own: simdjson's are not thread-safe, and a kept one keeps its largest buffer.
    simdjson::dom::parser parser;
    element root;
    if (const auto error = parser.parse(text.data(), text.size()).get(root)) {
      return fail(ErrorKind::corrupt, fmt::format("not JSON: {}", simdjson::error_message(error)));
    }
    return convert(root, 0);
  } catch (const std::exception& thrown) {
    return fail(ErrorKind::corrupt, fmt::format("not JSON: {}", thrown.what()));
  }
}

}  // namespace bulkhead::json
