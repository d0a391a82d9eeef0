// The processes of a compartment as proc(5) shows them from outside. A process namespace gives
// every orphan to its first process, so that all of them are descendants of bubblewrap's.
#pragma once

#include <string>
#include <vector>

#include <sys/types.h>

#include "base/result.h"
#include "json/value.h"

namespace bulkhead::sandbox::internal {

struct ProcessEntry {
  pid_t id = 0;
  pid_t parent = 0;
  char state = '?';  // proc(5): R, S, D, T (stopped), Z …
};

// `root` first, then its descendants, parents before children; empty when it is gone.
std::vector<ProcessEntry> process_tree(pid_t root);

// Stops, or continues, all of them by signals; answers when each has stopped.
Result<void> stop_by_signals(pid_t root);
void continue_by_signals(pid_t root);

// For evidence: identity, command line, open files and memory maps of one process.
json::Value describe_process(const ProcessEntry& process);

}  // namespace bulkhead::sandbox::internal
