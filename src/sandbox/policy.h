// What a compartment may do, as values that read as prose, and the bubblewrap command line that
// makes it so. Everything that is not granted here is absent: no network, no other data, no
// supervisor, no new privileges, no further namespaces. src/sandbox/compartment.h runs one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/process.h"
#include "base/result.h"

namespace bulkhead::sandbox {

enum class Network {
  none,      // an empty network namespace: not even loopback is up
  loopback,  // an own network namespace with loopback only: for servers that insist on TCP
};

struct Limits {
  std::uint64_t memory_bytes_max = 512ull << 20;
  std::uint64_t processes_max = 64;
  std::uint64_t open_files_max = 1024;
  std::uint64_t file_size_bytes_max = 4ull << 30;
};

struct Policy {
  std::string name;                  // of the service; appears in errors and in the process list
  std::vector<std::string> command;  // inside: [0] is a path inside the compartment
  Path data_directory;               // outside; appears inside as /data, writable
  Path socket_directory;             // outside; inside /run/service, writable: the listening socket
  std::vector<std::pair<Path, std::string>> read_only;  // outside path -> inside path
  Path audit_socket;                                    // outside; inside /run/audit.sock
  Network network = Network::none;
  Limits limits;
  std::vector<std::string> environment;  // "NAME=value"; nothing is inherited
};

}  // namespace bulkhead::sandbox
