// What a compartment may do, as values that read as prose. Everything that is not granted here is
// absent: no network, no other data, no supervisor, no new privileges, no further namespaces.
// src/sandbox/compartment.h runs one; docs/compartments.md says which kernel feature holds what.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::sandbox {

enum class Network {
  none,      // no socket but Unix ones can be made at all
  loopback,  // an own network namespace with loopback only: for servers that insist on TCP
};

struct Limits {
  std::uint64_t memory_bytes_max = 512ull << 20;
  std::uint64_t processes_max = 64;
  std::uint64_t open_files_max = 1024;
  std::uint64_t file_size_bytes_max = 4ull << 30;
  std::uint64_t temporary_bytes_max = 64ull << 20;  // of /tmp, in memory
};

struct Policy {
  std::string name;                  // of the service: a-z, 0-9 and '-'; also its host name inside
  std::vector<std::string> command;  // inside: [0] is a path inside the compartment
  Path data_directory;               // outside; appears inside as /data, writable
  Path socket_directory;             // outside; inside /run/service, writable: the listening socket
  std::vector<std::pair<Path, std::string>> read_only;  // outside path -> inside path
  Path audit_socket;                                    // outside; inside /run/audit.sock
  Network network = Network::none;
  Limits limits;
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
  // Outside user id that the compartment runs under. Only root can give one; none: root derives one
  // from the data directory's path (user_id_for), anybody else runs it under their own.
  std::optional<std::uint32_t> user_id;
};

// The name, command, folders and mount points that start() would refuse, said before it is tried.
Result<void> validate(const Policy& policy);

// The same for the same key, from 1500000000 on: far from people, system users and the ranges of
// useradd(8), systemd and containers.
std::uint32_t user_id_for(std::string_view key);

}  // namespace bulkhead::sandbox
