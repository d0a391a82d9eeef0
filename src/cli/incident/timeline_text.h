// An incident as text for a person at a terminal: its timeline, counted from its opening, and a
// table of what came back, how fast, and how old. Pure.
#pragma once

#include <string>

#include "cli/estate/status_table.h"
#include "json/value.h"

namespace bulkhead::cli::incident {

// `incident` as GET /v1/incidents/{id} answers it.
std::string incident_text(const json::Value& incident, estate::Colour colour);
// GET /v1/incidents.
std::string incident_list_text(const json::Value& incidents);

// "0.042 s", "12.3 s", "4 min 05 s", "38 h 12 min".
std::string duration_text(std::int64_t milliseconds);

}  // namespace bulkhead::cli::incident
