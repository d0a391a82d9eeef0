#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/guarded.h"

namespace bulkhead::log {
namespace {

struct Settings {
  std::string program = "bulkhead";
  Level least = Level::info;
};

Guarded<Settings>& settings() {
  static Guarded<Settings> instance;
  return instance;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warning: return "warning";
    case Level::error: return "error";
  }
  return "error";
}

// base may not depend on json/; a log line needs strings only.
void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  out += '"';
}

}  // namespace

void start(std::string_view program, Level least) {
  settings().with([&](Settings& s) {
    s.program = program;
    s.least = least;
  });
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  const Settings current = settings().with([](const Settings& s) { return s; });
  if (level < current.least) return;
  std::string line = "{\"time\":";
  append_quoted(line, to_rfc3339_milliseconds(SystemClock().now()));
  line += ",\"level\":";
  append_quoted(line, name_of(level));
  line += ",\"program\":";
  append_quoted(line, current.program);
  line += ",\"message\":";
  append_quoted(line, message);
  for (const Field& field : fields) {
    line += ',';
    append_quoted(line, field.name);
    line += ':';
    append_quoted(line, field.value);
  }
  line += "}\n";
  // A log that cannot be written has nowhere to say so.
  (void)write_all(STDERR_FILENO, as_bytes(line));
}

}  // namespace bulkhead::log
