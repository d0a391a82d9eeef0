// Patterns that choose paths, as restic's --exclude: parts between '/' may hold *, ? and [a-z]; **
// stands for any number of parts. A pattern with a leading '/' must fit from the start of the path,
// another one anywhere. What lies below a path that fits, fits too. "!pattern" takes a path back
// in again; the last pattern that fits decides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bulkhead::repository {

class PathPatterns {
 public:
  PathPatterns() = default;
  // What fits `any_case` regardless of capital and small letters is chosen as well.
  explicit PathPatterns(const std::vector<std::string>& patterns,
                        const std::vector<std::string>& any_case = {});

  bool empty() const { return exact_.empty() && any_case_.empty(); }
  // `path` starts with '/'.
  bool match(std::string_view path) const;
  // Something below `path` could match. Never false where it does.
  bool could_match_below(std::string_view path) const;

 private:
  struct Pattern {
    std::vector<std::string> parts;
    bool anchored;
    bool negated;
  };
  static std::vector<Pattern> read(const std::vector<std::string>& patterns);

  std::vector<Pattern> exact_;
  std::vector<Pattern> any_case_;
};

// Kind invalid for patterns that cannot mean anything, such as "[a". PathPatterns itself takes
// those too, and nothing fits them.
Result<void> require_patterns(const std::vector<std::string>& patterns);

}  // namespace bulkhead::repository
