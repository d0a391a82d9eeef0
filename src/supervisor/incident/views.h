// An incident as others see it: as JSON for the control API and timeline.json, and as the status
// page's prepared words for the public. Pure.
#pragma once

#include <span>

#include "supervisor/incident/incident.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

// One line of a list of incidents.
json::Value summary_json(const Incident& incident);
// All of it: services with their durations and steps, and the timeline.
json::Value full_json(const Incident& incident, std::span<const Record> records);
StatusIncident status_view(const std::string& id, std::span<const Record> records);

}  // namespace bulkhead::supervisor
