// How the verbs of `bulkhead repo` show sizes, durations and names.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "repository/tree.h"

namespace bulkhead::cli::repo {

// "812 B", "1.250 MiB".
std::string show_size(std::uint64_t bytes);
// "1:04".
std::string show_duration(std::chrono::nanoseconds duration);
// "2020-09-30 06:15:00", in UTC.
std::string show_time(WallTime time);
// As ls -l: "drwxr-xr-x".
std::string show_mode(const repository::Node& node);
// Names may hold anything; what a terminal would act on is shown quoted.
std::string show_name(std::string_view name);

// What went wrong without ending the verb, on standard error: `text`, or with --json an object as
// restic's, with what was being done ("archival") and to what.
struct Problem {
  std::string text;
  std::string message;  // with --json, in place of `text`; empty: the same
  std::string_view during;
  std::string item;
};
void print_problem(bool json, const Problem& problem);

// On standard output; kind io where nobody reads it any more.
Result<void> print_output(std::string_view text);

}  // namespace bulkhead::cli::repo
