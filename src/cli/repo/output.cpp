#include "cli/repo/output.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fmt/format.h>

#include "json/value.h"

namespace bulkhead::cli::repo {

std::string show_size(std::uint64_t bytes) {
  constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.3f} {}", value, kUnits[unit]);
}

std::string show_duration(std::chrono::nanoseconds duration) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
  return fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

std::string show_time(WallTime time) {
  std::string text = to_rfc3339(std::chrono::floor<std::chrono::seconds>(time)).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string show_mode(const repository::Node& node) {
  using repository::NodeType;
  constexpr std::array<std::pair<NodeType, char>, 7> kTypes = {{{NodeType::file, '-'},
                                                                {NodeType::directory, 'd'},
                                                                {NodeType::symlink, 'l'},
                                                                {NodeType::block_device, 'b'},
                                                                {NodeType::character_device, 'c'},
                                                                {NodeType::fifo, 'p'},
                                                                {NodeType::socket, 's'}}};
  std::string text(10, '-');
  for (const auto& [type, letter] : kTypes) {
    if (type == node.type) text[0] = letter;
  }
  for (std::size_t bit = 0; bit < 9; ++bit) {
    if (node.mode & (0400u >> bit)) text[bit + 1] = "rwx"[bit % 3];
  }
  constexpr std::array<std::pair<std::uint32_t, char>, 3> kSpecial = {
      {{04000, 's'}, {02000, 's'}, {01000, 't'}}};
  for (std::size_t i = 0; i < kSpecial.size(); ++i) {
    char& execute = text[3 * (i + 1)];
    if (!(node.mode & kSpecial[i].first)) continue;
    execute =
        execute == 'x' ? kSpecial[i].second : static_cast<char>(kSpecial[i].second - 'a' + 'A');
  }
  return text;
}

std::string show_name(std::string_view name) {
  const std::string quoted = repository::quote_name(name);
  // Quotation marks and backslashes do no harm; only what else was escaped makes quoting needed.
  for (std::size_t i = 0; i + 1 < quoted.size(); ++i) {
    if (quoted[i] != '\\') continue;
    if (quoted[i + 1] != '"' && quoted[i + 1] != '\\') return "\"" + quoted + "\"";
    ++i;
  }
  return std::string(name);
}

void print_problem(bool json, const Problem& problem) {
  if (!json) {
    fmt::print(stderr, "{}\n", show_name(problem.text));
    return;
  }
  const std::string& message = problem.message.empty() ? problem.text : problem.message;
  json::Object object{{"message_type", "error"}, {"error", json::Object{{"message", message}}}};
  // check's have neither, and a plain message.
  if (problem.during.empty()) {
    object = json::Object{{"message_type", "error"}, {"message", message}};
  } else {
    object.set("during", problem.during);
    object.set("item", problem.item);
  }
  fmt::print(stderr, "{}\n", json::write(object));
}

Result<void> print_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return {};
  return fail_errno(errno, "writing to standard output");
}

}  // namespace bulkhead::cli::repo
