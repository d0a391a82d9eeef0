// Gathers what services say on their audit sockets into logs/audit.jsonl: a line each, with the
// time of arrival and the service that the socket belongs to, whatever the datagram claims. The
// file is bounded: at kAuditFileSizeMax it becomes audit.1.jsonl, and that one is dropped. The
// ledger, which forgets nothing, gets the same events.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "supervisor/control/estate_ledger.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

inline constexpr std::size_t kAuditDatagramSizeMax = 16 * 1024;
inline constexpr std::uint64_t kAuditFileSizeMax = 64ull << 20;

class AuditLog {
 public:
  static Result<std::unique_ptr<AuditLog>> start(const Estate& estate, const Layout& layout,
                                                 const Clock& clock, EstateLedger* ledger);
  ~AuditLog();

 private:
  struct Socket {
    std::string service;
    FileDescriptor fd;
  };
  AuditLog(const Layout& layout, const Clock& clock, EstateLedger* ledger)
      : layout_(layout), clock_(clock), ledger_(ledger) {}
  void run();
  void take(const Socket& socket);
  Result<void> write(std::string_view line);

  const Layout& layout_;
  const Clock& clock_;
  EstateLedger* const ledger_;  // outlives this; nullptr: none
  std::vector<Socket> sockets_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  FileDescriptor wake_read_;
  FileDescriptor wake_write_;
  std::thread thread_;
};

}  // namespace bulkhead::supervisor
