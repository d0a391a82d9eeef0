#include "service/internal/audit_socket.h"

#include <cstring>

#include <sys/socket.h>

#include "base/log.h"
#include "base/unix_socket.h"

namespace bulkhead::service::internal {
namespace {

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::success: return "success";
    case Outcome::refused: return "refused";
    case Outcome::failed: return "failed";
  }
  return "failed";
}

}  // namespace

std::string audit_event(std::string_view service, WallTime time, const http::Request& request,
                        std::string_view action, Outcome outcome, json::Object details) {
  json::Object event{{"time", to_rfc3339(time)},
                     {"service", service},
                     {"action", action},
                     {"outcome", name_of(outcome)},
                     {"request_id", request.request_id},
                     {"client_address", request.client_address},
                     {"role", request.headers.find("X-Bulkhead-Role").value_or("anonymous")}};
  json::Object whole = event;
  if (!details.empty()) whole.set("details", std::move(details));
  std::string text = json::write(whole);
  if (text.size() <= kAuditEventSizeMax) return text;
  event.set("details_left_out", true);
  return json::write(event);
}

AuditSocket::AuditSocket(std::string service, Path socket, Clock& clock)
    : service_(std::move(service)),
      socket_(std::move(socket)),
      clock_(clock),
      descriptor_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}

void AuditSocket::record(const http::Request& request, std::string_view action, Outcome outcome,
                         json::Object details) {
  const std::string event =
      audit_event(service_, clock_.now(), request, action, outcome, std::move(details));
  const Result<sockaddr_un> address = unix_address(socket_);
  if (!address) {
    ++dropped_;
    return;
  }
  // By name each time, so that a ledger that was started again is found again.
  const ssize_t taken = ::sendto(descriptor_.get(), event.data(), event.size(), MSG_NOSIGNAL,
                                 reinterpret_cast<const sockaddr*>(&*address), sizeof *address);
  if (taken == static_cast<ssize_t>(event.size())) {
    ++sent_;
  } else if (dropped_++ == 0) {
    log::warning("audit events are being dropped: the audit socket does not take them",
                 {{"socket", socket_.native()}, {"error", std::strerror(errno)}});
  }
}

}  // namespace bulkhead::service::internal
