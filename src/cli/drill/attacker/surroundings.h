// The drill's attacker destroys data, so it first makes sure of where it is: in a compartment, on a
// dataset that a drill has marked as its own. Anywhere else it refuses, before anything is written.
#pragma once

#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::cli::drill::attacker {

// Made by the drill in the dataset that it attacks; holds the token that is also on our command
// line, so that neither a stray marker nor a stray command line suffices.
inline constexpr std::string_view kMarkerName = ".bulkhead-drill";

struct Surroundings {
  Path data = "/data";
  Path proc = "/proc";
};

// Kind denied, with the reason, unless all of it holds:
// the marker is there and holds `token`; no network device but loopback exists; the system call
// filter is on and no privileges can be gained; process 1 is bubblewrap; and nothing can be written
// but /data, /run/service and /tmp.
Result<void> check_surroundings(const Surroundings& surroundings, std::string_view token);

}  // namespace bulkhead::cli::drill::attacker
