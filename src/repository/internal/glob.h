// One part of a path against one part of a pattern, by the rules of Go's filepath.Match, which
// restic follows: `*` and `?` (one letter, or one byte where it is not UTF-8), `[a-z]`, `[^a-z]`,
// and `\` in front of what shall stand for itself.
#pragma once

#include <string_view>

#include "base/result.h"

namespace bulkhead::repository {

enum class Case { exact, ignored };

bool glob_matches(std::string_view pattern, std::string_view name, Case letters);
// Kind invalid for a `[` that is never closed, an empty range, or a `\` at the end.
Result<void> require_glob(std::string_view pattern);

}  // namespace bulkhead::repository
