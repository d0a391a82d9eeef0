// Runs a helper program (pdftotext and its like) on one input that somebody else wrote, with its
// output read back: a sandbox of its own inside the compartment, or outside of any. It needs no
// namespaces and no privileges: Landlock (read the system's libraries and fonts, write nothing,
// execute nothing but the program), a system call filter (no sockets, no processes), and resource
// limits. Thread-safe.
// Errors: not_found (no such program), limit (time, output, memory by its being killed), corrupt
// (the program refused the input; the message ends with what it said).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::sandbox {

struct ConfineLimits {
  std::chrono::milliseconds time_max{20'000};
  std::chrono::seconds processor_time_max{10};
  std::uint64_t memory_bytes_max = 512ull << 20;
  std::size_t output_bytes_max = 64u << 20;
};

// `program` is an absolute path below /usr. The input is its standard input, which is a file that
// it can seek in; its standard output is the answer.
Result<std::string> run_confined(const std::string& program,
                                 const std::vector<std::string>& arguments, int input,
                                 const ConfineLimits& limits = {});
Result<std::string> run_confined(const std::string& program,
                                 const std::vector<std::string>& arguments, ByteView input,
                                 const ConfineLimits& limits = {});

// 0 where the kernel has no Landlock: then the filter and the limits hold alone.
int landlock_version();

}  // namespace bulkhead::sandbox
