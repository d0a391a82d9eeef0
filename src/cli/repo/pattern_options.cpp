#include "cli/repo/pattern_options.h"

#include "base/file.h"
#include "base/text.h"
#include "cli/repo/option_values.h"
#include "repository/exclude.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::size_t kPatternFileMax = 16 << 20;

Result<std::vector<std::string>> with_files(const std::vector<std::string>& given,
                                            const std::vector<std::string>& files) {
  std::vector<std::string> patterns = given;
  for (const std::string& file : files) {
    const std::string text = TRY(read_text_file(file, kPatternFileMax));
    for (const std::string_view line : split(text, '\n')) {
      const std::string_view pattern = trim(line);
      if (pattern.empty() || pattern[0] == '#') continue;
      patterns.push_back(expand_variables(pattern));
    }
  }
  TRY(repository::require_patterns(patterns));
  return patterns;
}

}  // namespace

void add_pattern_options(Command& command, const std::string& letter, const std::string& name,
                         PatternOptions& options, const std::string& help) {
  command.option(letter + ",--" + name, options.patterns, help)
      .option("--i" + name, options.any_case, "the same, capital letters or small")
      .option("--" + name + "-file", options.files, "a file of such patterns, one a line")
      .option("--i" + name + "-file", options.files_any_case, "the same, capital letters or small");
}

Result<ChosenPatterns> read_patterns(const PatternOptions& options) {
  ChosenPatterns chosen;
  chosen.exact = TRY(with_files(options.patterns, options.files));
  chosen.any_case = TRY(with_files(options.any_case, options.files_any_case));
  return chosen;
}

}  // namespace bulkhead::cli::repo
