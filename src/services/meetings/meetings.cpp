#include "services/meetings/meetings.h"

#include <memory>

#include "services/meetings/domain/floor.h"
#include "services/meetings/domain/session.h"
#include "services/meetings/pages/today.h"

namespace bulkhead::services::meetings {

std::span<const EmbeddedFile> embedded_files();

namespace {

constexpr std::chrono::milliseconds kBeat{100};

}  // namespace

service::Definition definition() { return {"meetings", embedded_files()}; }

Result<void> set_up(service::Context& context, http::Router& router) {
  // Shared, since the handlers that hold it are copied into the router.
  auto floor = std::make_shared<Floor>(kBeat);
  const Path data = context.data;
  Clock& clock = context.clock;
  context.site.get("/", [data, &clock](service::Visit& visit) -> Result<http::Response> {
    return today_page(visit, TRY(read_sessions(data)), clock.now());
  });
  router.get("/floor.json", [floor, &clock](http::Request&) {
    http::Response response = http::Response::json(
        json::Object{{"count", floor->count()}, {"time", to_rfc3339_milliseconds(clock.now())}});
    response.headers.set("Cache-Control", "no-store");
    return response;
  });
  const auto sessions_are_readable = [data]() -> Result<void> {
    TRY(read_sessions(data));
    return {};
  };
  context.readiness_checks.emplace_back("sessions", sessions_are_readable);
  context.integrity_check = sessions_are_readable;
  return {};
}

}  // namespace bulkhead::services::meetings
