// Patterns that choose paths, as restic's --exclude: parts between '/' may hold *, ? and [a-z]; **
// stands for any number of parts. A pattern with a leading '/' must fit from the start of the path,
// another one anywhere. What lies below a path that fits, fits too. "!pattern" takes a path back
// in again; the last pattern that fits decides.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::repository {

class PathPatterns {
 public:
  PathPatterns() = default;
  explicit PathPatterns(const std::vector<std::string>& patterns);

  bool empty() const { return patterns_.empty(); }
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
  std::vector<Pattern> patterns_;
};

}  // namespace bulkhead::repository
