// One service without its socket: routes, what the kit adds to them, and what happens to every
// request and response. run() puts it behind a server, ServiceUnderTest calls it. handle() is
// thread-safe.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>

#include "service/internal/metrics.h"
#include "service/internal/site.h"
#include "service/service.h"

namespace bulkhead::service::internal {

struct AuditCounts {
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
};

struct InstanceOptions {
  Definition definition;
  Path data;
  config::Document configuration;
  Clock& clock;
  Random& random;
  Audit& audit;
  std::function<AuditCounts()> audit_counts;
};

class Instance {
 public:
  static Result<std::unique_ptr<Instance>> start(InstanceOptions options, const Setup& setup);

  http::Response handle(http::Request& request);
  // From now on /readyz is 503, so that the gateway sends nothing new.
  void begin_stop() { stopping_ = true; }

 private:
  explicit Instance(InstanceOptions options);

  Result<void> set_up(const Setup& setup);

  void add_kit_routes();
  http::Response answer(http::Request& request) const;
  http::Response readiness(http::Request& request) const;
  http::Response quiesce(http::Request& request);
  http::Response integrity(http::Request& request) const;

  InstanceOptions options_;
  // On the heap: Site and handlers keep references to it.
  std::unique_ptr<http::Router> router_;
  std::unique_ptr<Site> site_;
  const ServiceSite* pages_ = nullptr;  // the same, with what only the kit calls
  std::unique_ptr<Context> context_;
  Metrics metrics_;
  std::mutex quiesce_lock_;
  std::atomic<bool> stopping_ = false;
};

}  // namespace bulkhead::service::internal
