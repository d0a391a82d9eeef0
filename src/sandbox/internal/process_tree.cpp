#include "sandbox/internal/process_tree.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <signal.h>

#include "base/file.h"
#include "base/text.h"

namespace bulkhead::sandbox::internal {
namespace {

constexpr std::size_t kStatBytesMax = 4096;
constexpr std::size_t kMapsBytesMax = 16 << 20;
constexpr std::size_t kOpenFilesMax = 4096;
constexpr std::chrono::milliseconds kStopTimeMax{2000};
constexpr std::chrono::microseconds kStopPoll{300};

std::optional<ProcessEntry> read_entry(pid_t id) {
  const auto text = read_text_file(fmt::format("/proc/{}/stat", id), kStatBytesMax);
  if (!text) return std::nullopt;
  // The name in parentheses may itself hold spaces and parentheses: the last one closes it.
  const std::size_t close = text->rfind(')');
  if (close == std::string::npos || close + 4 >= text->size()) return std::nullopt;
  const auto rest = split(std::string_view(*text).substr(close + 2), ' ');
  const auto parent = rest.size() > 1 ? parse_u64(rest[1]) : std::nullopt;
  if (!parent) return std::nullopt;
  return ProcessEntry{id, static_cast<pid_t>(*parent), rest[0].front()};
}

std::string read_link(const Path& path) {
  std::error_code error;
  return std::filesystem::read_symlink(path, error).native();
}

bool has_stopped(const ProcessEntry& process) {
  return process.state == 'T' || process.state == 't' || process.state == 'Z' ||
         process.state == 'X';
}

}  // namespace

std::vector<ProcessEntry> process_tree(pid_t root) {
  std::vector<ProcessEntry> all;
  std::error_code error;
  for (std::filesystem::directory_iterator at("/proc", error), end; !error && at != end;
       at.increment(error)) {
    const auto id = parse_u64(at->path().filename().native());
    if (!id) continue;
    if (const auto entry = read_entry(static_cast<pid_t>(*id))) all.push_back(*entry);
  }
  std::vector<ProcessEntry> tree;
  for (const ProcessEntry& entry : all) {
    if (entry.id == root) tree.push_back(entry);
  }
  for (std::size_t i = 0; i < tree.size(); ++i) {
    for (const ProcessEntry& entry : all) {
      if (entry.parent == tree[i].id) tree.push_back(entry);
    }
  }
  return tree;
}

Result<void> stop_by_signals(pid_t root) {
  const auto end = std::chrono::steady_clock::now() + kStopTimeMax;
  std::size_t count_before = 0;
  // Until a whole round finds nobody new and nobody running: a fork may be under way.
  while (true) {
    const auto tree = process_tree(root);
    const bool quiet = std::ranges::all_of(tree, has_stopped) && tree.size() == count_before;
    if (quiet) return {};
    count_before = tree.size();
    for (const ProcessEntry& process : tree) {
      if (!has_stopped(process)) ::kill(process.id, SIGSTOP);
    }
    if (std::chrono::steady_clock::now() >= end) {
      return fail(ErrorKind::unavailable, "its processes do not stop", Retry::may_help);
    }
    std::this_thread::sleep_for(kStopPoll);
  }
}

void continue_by_signals(pid_t root) {
  for (const ProcessEntry& process : process_tree(root)) ::kill(process.id, SIGCONT);
}

json::Value describe_process(const ProcessEntry& process) {
  const Path folder = fmt::format("/proc/{}", process.id);
  json::Object out;
  out.set("pid", static_cast<std::int64_t>(process.id));
  out.set("parent", static_cast<std::int64_t>(process.parent));
  out.set("state", std::string(1, process.state));
  for (const char* const name : {"exe", "cwd", "root"}) out.set(name, read_link(folder / name));
  json::Array arguments;
  if (const auto line = read_text_file(folder / "cmdline", kMapsBytesMax)) {
    std::string_view text = *line;
    while (text.ends_with('\0')) text.remove_suffix(1);
    for (const std::string_view argument : split(text, '\0')) arguments.emplace_back(argument);
  }
  out.set("arguments", std::move(arguments));
  for (const char* const name : {"status", "maps"}) {
    json::Array lines;
    if (const auto text = read_text_file(folder / name, kMapsBytesMax)) {
      for (const std::string_view line : split(trim(*text), '\n')) lines.emplace_back(line);
    }
    out.set(name, std::move(lines));
  }
  json::Array files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder / "fd", error), end;
       !error && at != end && files.size() < kOpenFilesMax; at.increment(error)) {
    files.emplace_back(json::Object{{"descriptor", at->path().filename().native()},
                                    {"target", read_link(at->path())}});
  }
  out.set("open_files", std::move(files));
  return out;
}

}  // namespace bulkhead::sandbox::internal
