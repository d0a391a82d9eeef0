// What an intruder in a compartment tries next: the ways out of it. Each attempt is made for real,
// and its outcome is kept for the drill's report, which expects every one of them to fail.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "json/value.h"

namespace bulkhead::cli::drill::attacker {

enum class Way { tcp, unix_socket, abstract_socket, name_lookup, read_file, write_file };
constexpr std::string_view name_of(Way way) {
  switch (way) {
    case Way::tcp: return "tcp";
    case Way::unix_socket: return "unix-socket";
    case Way::abstract_socket: return "abstract-socket";
    case Way::name_lookup: return "name-lookup";
    case Way::read_file: return "read-file";
    case Way::write_file: return "write-file";
  }
  return "unknown";
}

struct Target {
  Way way;
  std::string where;  // "127.0.0.1:8443", a path, or a name
};

// What an intruder knows without being told. 192.0.2.0/24 belongs to nobody (RFC 5737): should a
// packet get out, it reaches no stranger.
struct KnownTarget {
  Way way;
  std::string_view where;
};
inline constexpr std::array kKnownTargets = {
    KnownTarget{Way::name_lookup, "192.0.2.53:53"},
    KnownTarget{Way::tcp, "192.0.2.1:443"},
    KnownTarget{Way::tcp, "127.0.0.1:22"},
    KnownTarget{Way::read_file, "/etc/shadow"},
    KnownTarget{Way::read_file, "/root"},
    KnownTarget{Way::read_file, "/home"},
    KnownTarget{Way::write_file, "/usr/bin/env"},
    KnownTarget{Way::write_file, "/proc/sys/kernel/core_pattern"},
    KnownTarget{Way::unix_socket, "/run/dbus/system_bus_socket"},
    KnownTarget{Way::unix_socket, "/run/systemd/private"},
    KnownTarget{Way::abstract_socket, "/tmp/.X11-unix/X0"},
};

struct Attempt {
  Target target;
  bool succeeded = false;
  std::string outcome;  // the kernel's error by name, or "succeeded"
};

// The given targets, and kKnownTargets.
std::vector<Attempt> reach_out(const std::vector<Target>& given);
json::Array to_json(const std::vector<Attempt>& attempts);

}  // namespace bulkhead::cli::drill::attacker
