// What an intruder in a compartment tries next: the ways out of it. Each attempt is made for real,
// and its outcome is kept for the drill's report, which expects every one of them to fail.
#pragma once

#include <string>
#include <vector>

#include "json/value.h"

namespace bulkhead::cli::drill::attacker {

enum class Way { tcp, unix_socket, abstract_socket, name_lookup, read_file, write_file };
std::string_view name_of(Way way);

struct Target {
  Way way;
  std::string where;  // "127.0.0.1:8443", a path, or a name
};

struct Attempt {
  Target target;
  bool succeeded = false;
  std::string outcome;  // the kernel's error by name, or "succeeded"
};

// The given targets, and those that an intruder knows without being told.
std::vector<Attempt> reach_out(const std::vector<Target>& given);
json::Array to_json(const std::vector<Attempt>& attempts);

}  // namespace bulkhead::cli::drill::attacker
