#include "repository/exclude.h"

#include <span>

#include <fnmatch.h>

#include "base/text.h"

namespace bulkhead::repository {
namespace {

std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

// `pattern` fits the path from its start, and perhaps ends before it.
bool fits_start(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (pattern.empty()) return true;
  if (pattern[0] == "**") {
    for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
      if (fits_start(pattern.subspan(1), path.subspan(skipped))) return true;
    }
    return false;
  }
  if (path.empty() || ::fnmatch(pattern[0].c_str(), path[0].c_str(), 0) != 0) return false;
  return fits_start(pattern.subspan(1), path.subspan(1));
}

bool fits_anywhere(std::span<const std::string> pattern, std::span<const std::string> path) {
  for (std::size_t start = 0; start < path.size(); ++start) {
    if (fits_start(pattern, path.subspan(start))) return true;
  }
  return false;
}

// The path is on the way down to something that the anchored pattern fits.
bool leads_to(std::span<const std::string> pattern, std::span<const std::string> path) {
  if (path.empty() || (!pattern.empty() && pattern[0] == "**")) return true;
  if (pattern.empty()) return true;
  if (::fnmatch(pattern[0].c_str(), path[0].c_str(), 0) != 0) return false;
  return leads_to(pattern.subspan(1), path.subspan(1));
}

}  // namespace

PathPatterns::PathPatterns(const std::vector<std::string>& patterns) {
  for (const std::string_view given : patterns) {
    std::string_view text = given;
    const bool negated = text.starts_with('!');
    if (negated) text.remove_prefix(1);
    std::vector<std::string> parts = parts_of(text);
    if (!parts.empty()) patterns_.push_back({std::move(parts), text.starts_with('/'), negated});
  }
}

bool PathPatterns::match(std::string_view path) const {
  const std::vector<std::string> parts = parts_of(path);
  bool matched = false;
  for (const Pattern& pattern : patterns_) {
    const bool fits =
        pattern.anchored ? fits_start(pattern.parts, parts) : fits_anywhere(pattern.parts, parts);
    if (fits) matched = !pattern.negated;
  }
  return matched;
}

bool PathPatterns::could_match_below(std::string_view path) const {
  const std::vector<std::string> parts = parts_of(path);
  for (const Pattern& pattern : patterns_) {
    if (pattern.negated) continue;
    if (!pattern.anchored || leads_to(pattern.parts, parts)) return true;
  }
  return false;
}

}  // namespace bulkhead::repository
