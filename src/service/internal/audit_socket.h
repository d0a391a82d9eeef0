// Audit events as JSON datagrams to the ledger's write-only socket. A datagram that the socket does
// not take at once, or that has nobody to take it, is counted and dropped: a request never waits.
#pragma once

#include <atomic>
#include <cstdint>

#include "service/service.h"

namespace bulkhead::service::internal {

// Longer ones lose their details and say so.
inline constexpr std::size_t kAuditEventSizeMax = 8 * 1024;

std::string audit_event(std::string_view service, WallTime time, const http::Request& request,
                        std::string_view action, Outcome outcome, json::Object details);

class AuditSocket final : public Audit {
 public:
  // An empty path: events are counted as dropped.
  AuditSocket(std::string service, Path socket, Clock& clock);
  void record(const http::Request& request, std::string_view action, Outcome outcome,
              json::Object details) override;
  std::uint64_t sent() const { return sent_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  const std::string service_;
  const Path socket_;
  Clock& clock_;
  FileDescriptor descriptor_;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace bulkhead::service::internal
