// The names that an enumeration's values have in files, on the wire and on pages: one table, read
// in both directions.
//
//   constexpr Named<Colour> kColours[] = {{Colour::red, "red"}, {Colour::blue, "blue"}};
//   name_in(kColours, Colour::red)   "red"; "unknown" for a value that the table lacks
//   value_in(kColours, "red")        nullopt for a name that it lacks
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace bulkhead {

template <typename T>
struct Named {
  T value;
  std::string_view name;
};

template <typename T, std::size_t N>
constexpr std::string_view name_in(const Named<T> (&table)[N], T value) {
  for (const Named<T>& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return "unknown";
}

template <typename T, std::size_t N>
constexpr std::optional<T> value_in(const Named<T> (&table)[N], std::string_view name) {
  for (const Named<T>& entry : table) {
    if (entry.name == name) return entry.value;
  }
  return std::nullopt;
}

}  // namespace bulkhead
