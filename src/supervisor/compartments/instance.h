// One run of a service: its place in run/, its compartment, and whether it is ready. Not
// thread-safe; ServiceRunner holds the lock.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "sandbox/compartment.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

struct Instance {
  std::string name;        // folder in run/<service>/
  std::string generation;  // of the dataset
  std::optional<sandbox::Compartment> compartment;
  ServiceState state = ServiceState::stopped;
  WallTime since;
  std::string problem;
};

// The compartment's policy for this run: what estate.toml grants, and nothing else.
sandbox::Policy policy_of(const ServiceConfig& service, const Layout& layout,
                          const Path& program_folder, const std::string& instance,
                          const std::string& generation);

// Each socket of the instance is a socket, not a link to elsewhere, and the gateway's user can
// connect to it. Kind denied where something else lies there.
Result<void> admit_gateway(const ServiceConfig& service, const std::string& instance);

// Asks the running program: /readyz for http, the greeting of each port for tcp. `instance` is the
// folder's name; the working directory is the estate's.
Result<void> check_ready(const ServiceConfig& service, const std::string& instance,
                         std::chrono::milliseconds time_max);

// run/<service>/audit.sock, relative: a socket for each service, so that a service cannot speak in
// another one's name.
Path audit_socket_relative(std::string_view service);

}  // namespace bulkhead::supervisor
