#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

std::string_view name_of(ServiceState state) {
  switch (state) {
    case ServiceState::stopped: return "stopped";
    case ServiceState::starting: return "starting";
    case ServiceState::ready: return "ready";
    case ServiceState::unready: return "unready";
    case ServiceState::waiting: return "waiting";
    case ServiceState::frozen: return "frozen";
  }
  return "";
}

json::Value to_json(const Event& event) {
  json::Object out{{"number", event.number},
                   {"time", to_rfc3339_milliseconds(event.time)},
                   {"kind", event.kind}};
  if (!event.service.empty()) out.set("service", event.service);
  if (!event.incident.empty()) out.set("incident", event.incident);
  out.set("message", event.message);
  if (!event.details.empty()) out.set("details", event.details);
  return out;
}

}  // namespace bulkhead::supervisor
