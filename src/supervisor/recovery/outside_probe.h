// Asks for a page as a visitor would: through the gateway, by TLS and host name, following its
// redirects. In 2020 Virtual Publications was called restored while visitors still found it down:
// a service is open when an outsider has seen a page of it, not before.
#pragma once

#include <chrono>
#include <string>

#include "supervisor/supervisor.h"

namespace bulkhead::supervisor {

struct ProbeResult {
  int status = 0;
  std::size_t bytes = 0;
  int redirects = 0;
  std::chrono::milliseconds took{};
};

class OutsideProbe {
 public:
  explicit OutsideProbe(const Supervisor& supervisor) : supervisor_(supervisor) {}

  // `pass`: a token of `bulkhead pass`; empty: as anybody. An Error where no answer came.
  Result<ProbeResult> ask(const std::string& host, const std::string& pass) const;
  // The same, but anything except a page (200 with a body) is an error of kind unavailable. Asks
  // again for some seconds while the gateway says 503: it may not have noticed the instance yet.
  Result<ProbeResult> need_page(const std::string& host, const std::string& pass) const;

 private:
  const Supervisor& supervisor_;
};

}  // namespace bulkhead::supervisor
