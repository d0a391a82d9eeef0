// The programs' own log: one JSON object a line on standard error, with time, level, program and
// message, then the fields. Secrets are never passed in. Thread-safe.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace bulkhead::log {

enum class Level { debug, info, warning, error };

struct Field {
  std::string_view name;
  std::string value;
};

// Call once, at the start of main. Before that the program is called "bulkhead".
void start(std::string_view program, Level least = Level::info);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});
inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::debug, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warning, message, fields);
}
inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}

}  // namespace bulkhead::log
