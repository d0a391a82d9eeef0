// The incident's part of the control API: /v1/backups, /v1/jobs, /v1/snapshots, /v1/incidents.
#pragma once

#include "http/router.h"
#include "supervisor/recovery/recovery.h"

namespace bulkhead::supervisor {

// All of it must outlive the router.
struct ProtectionParts {
  Supervisor& supervisor;
  IncidentDesk& desk;
  Backups& backups;
  VaultConnection& vault;
  Recovery& recovery;
  Jobs& jobs;
};

void add_protection_routes(http::Router& router, const ProtectionParts& parts);

}  // namespace bulkhead::supervisor
