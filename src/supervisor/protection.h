// Everything that detects, contains and recovers, as one part of bulkheadd: watchers on the
// datasets, scheduled backups, the incident desk, recoveries, and their routes of the control API
// (/v1/backups, /v1/jobs, /v1/snapshots, /v1/incidents). The supervisor must outlive it.
#pragma once

#include <memory>

#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

// Reads the open incident, if there is one. Kind corrupt where its timeline is damaged.
Result<std::unique_ptr<Extension>> make_protection(Supervisor& supervisor);

}  // namespace bulkhead::supervisor
