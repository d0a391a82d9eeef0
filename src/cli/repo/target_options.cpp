#include "cli/repo/target_options.h"

#include <fmt/format.h>
#include <glob.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/repo/output.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::size_t kListMax = 1 << 30;

Result<std::string> read_list(const std::string& file) {
  if (file != "-") return read_text_file(file, kListMax);
  const Bytes bytes = TRY_CONTEXT(read_to_end(STDIN_FILENO, kListMax), "standard input");
  return std::string(as_text(bytes));
}

Result<std::vector<std::string>> paths_that_fit(const std::string& pattern) {
  ::glob_t found{};
  const int failed = ::glob(pattern.c_str(), GLOB_PERIOD, nullptr, &found);
  std::vector<std::string> paths;
  for (std::size_t i = 0; failed == 0 && i < found.gl_pathc; ++i) {
    const std::string path = found.gl_pathv[i];
    const bool dots = path.ends_with("/.") || path.ends_with("/..") || path == "." || path == "..";
    if (!dots || path == pattern) paths.push_back(path);
  }
  ::globfree(&found);
  if (failed != 0 && failed != GLOB_NOMATCH) {
    return fail(ErrorKind::io, fmt::format("looking for \"{}\" failed", pattern));
  }
  return paths;
}

}  // namespace

void add_target_options(Command& command, TargetOptions& options) {
  command.arguments("PATH", options.paths, "what to back up", Need::optional)
      .option("--files-from", options.files_from, "a file of paths and patterns, one a line")
      .option("--files-from-verbatim", options.files_from_verbatim, "a file of paths, one a line")
      .option("--files-from-raw", options.files_from_raw,
              "a file of paths, each ended by a NUL byte");
}

Result<std::vector<std::string>> read_targets(const TargetOptions& options) {
  std::vector<std::string> targets;
  for (const std::string& file : options.files_from) {
    const std::string text = TRY(read_list(file));
    for (const std::string_view line : split(text, '\n')) {
      const std::string pattern(trim(line));
      if (pattern.empty() || pattern[0] == '#') continue;
      const auto paths = TRY(paths_that_fit(pattern));
      if (paths.empty()) fmt::print(stderr, "nothing fits \"{}\"\n", show_name(pattern));
      targets.insert(targets.end(), paths.begin(), paths.end());
    }
  }
  for (const std::string& file : options.files_from_verbatim) {
    const std::string text = TRY(read_list(file));
    for (const std::string_view line : split(text, '\n')) {
      if (!line.empty()) targets.emplace_back(line);
    }
  }
  for (const std::string& file : options.files_from_raw) {
    const std::string text = TRY(read_list(file));
    if (!text.empty() && text.back() != '\0') {
      return fail(ErrorKind::invalid, file + " does not end with a NUL byte");
    }
    for (const std::string_view path : split(text, '\0')) {
      if (!path.empty()) targets.emplace_back(path);
    }
  }
  targets.insert(targets.end(), options.paths.begin(), options.paths.end());
  if (targets.empty()) return fail(ErrorKind::invalid, "nothing was given to back up");
  return targets;
}

}  // namespace bulkhead::cli::repo
