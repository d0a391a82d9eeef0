#include "repository/exclude.h"

#include <span>

#include "base/text.h"
#include "repository/internal/glob.h"

namespace bulkhead::repository {
namespace {

using Parts = std::vector<std::string_view>;

Parts parts_of(std::string_view path) {
  Parts parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty() && part != ".") parts.push_back(part);
  }
  return parts;
}

// `pattern` fits the path from its start, and perhaps ends before it.
bool fits_start(std::span<const std::string> pattern, std::span<const std::string_view> path,
                Case letters) {
  if (pattern.empty()) return true;
  if (pattern[0] == "**") {
    for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
      if (fits_start(pattern.subspan(1), path.subspan(skipped), letters)) return true;
    }
    return false;
  }
  if (path.empty() || !glob_matches(pattern[0], path[0], letters)) return false;
  return fits_start(pattern.subspan(1), path.subspan(1), letters);
}

bool fits_anywhere(std::span<const std::string> pattern, std::span<const std::string_view> path,
                   Case letters) {
  for (std::size_t start = 0; start < path.size(); ++start) {
    if (fits_start(pattern, path.subspan(start), letters)) return true;
  }
  return false;
}

// The path is on the way down to something that the anchored pattern fits.
bool leads_to(std::span<const std::string> pattern, std::span<const std::string_view> path,
              Case letters) {
  if (path.empty() || pattern.empty() || pattern[0] == "**") return true;
  if (!glob_matches(pattern[0], path[0], letters)) return false;
  return leads_to(pattern.subspan(1), path.subspan(1), letters);
}

template <typename Patterns>
bool last_that_fits(const Patterns& patterns, const Parts& path, Case letters) {
  bool matched = false;
  for (const auto& pattern : patterns) {
    // Only one that would change the answer need be looked at.
    if (pattern.negated != matched) continue;
    const bool fits = pattern.anchored ? fits_start(pattern.parts, path, letters)
                                       : fits_anywhere(pattern.parts, path, letters);
    if (fits) matched = !pattern.negated;
  }
  return matched;
}

template <typename Patterns>
bool any_leads_to(const Patterns& patterns, const Parts& path, Case letters) {
  for (const auto& pattern : patterns) {
    if (pattern.negated) continue;
    if (!pattern.anchored || leads_to(pattern.parts, path, letters)) return true;
  }
  return false;
}

}  // namespace

PathPatterns::PathPatterns(const std::vector<std::string>& patterns,
                           const std::vector<std::string>& any_case)
    : exact_(read(patterns)), any_case_(read(any_case)) {}

std::vector<PathPatterns::Pattern> PathPatterns::read(const std::vector<std::string>& patterns) {
  std::vector<Pattern> out;
  for (const std::string_view given : patterns) {
    std::string_view text = given;
    const bool negated = text.starts_with('!');
    if (negated) text.remove_prefix(1);
    const Parts parts = parts_of(text);
    if (parts.empty()) continue;
    out.push_back({{parts.begin(), parts.end()}, text.starts_with('/'), negated});
  }
  return out;
}

bool PathPatterns::match(std::string_view path) const {
  if (empty()) return false;
  const Parts parts = parts_of(path);
  return last_that_fits(exact_, parts, Case::exact) ||
         last_that_fits(any_case_, parts, Case::ignored);
}

bool PathPatterns::could_match_below(std::string_view path) const {
  if (empty()) return false;
  const Parts parts = parts_of(path);
  return any_leads_to(exact_, parts, Case::exact) || any_leads_to(any_case_, parts, Case::ignored);
}

Result<void> require_patterns(const std::vector<std::string>& patterns) {
  for (const std::string& pattern : patterns) {
    for (const std::string_view part : parts_of(pattern)) TRY(require_glob(part));
  }
  return {};
}

}  // namespace bulkhead::repository
