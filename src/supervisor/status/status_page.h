// The status page as files: a page and an Atom feed a language, and summary.json in the shape of
// the Statuspage API. Pure: the same view gives the same text.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/messages/messages.h"
#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

// As the Statuspage API names them.
enum class ComponentState {
  operational,
  degraded_performance,
  partial_outage,
  major_outage,
  under_maintenance,
};
std::string_view name_of(ComponentState state);
ComponentState component_state(const ServiceStatus& service);

struct StatusView {
  WallTime now;
  std::vector<ServiceStatus> services;
  std::vector<StatusIncident> incidents;  // newest first
};

std::string status_html(const StatusView& view, const Estate& estate, const Messages& messages,
                        std::string_view language);
std::string status_atom(const StatusView& view, const Estate& estate, const Messages& messages,
                        std::string_view language);
std::string status_summary(const StatusView& view, const Estate& estate, const Messages& messages);

// "2026-01-02 03:04": what people read, beside the exact form that programs read.
std::string short_time(WallTime time);

}  // namespace bulkhead::supervisor
