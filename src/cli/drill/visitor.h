// A visitor of the estate: asks the gateway for pages by TLS and host name, as a browser would.
#pragma once

#include <chrono>
#include <string>

#include "http/client.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::cli::drill {

struct Page {
  int status = 0;
  std::string body;
  std::string location;  // of a redirect
  std::string refusal;   // which of its own pages the gateway answered with: "sealed"; else empty
};

// Answered by the gateway because the service is sealed, and not by the service, nor because that
// does not answer.
bool is_sealed(const Page& page);

inline constexpr std::chrono::milliseconds kPatience{5'000};

// One thread at a time; reuses its connection.
class Visitor {
 public:
  explicit Visitor(const supervisor::Estate& estate,
                   std::chrono::milliseconds patience = kPatience);

  // kind unavailable where no answer comes. Follows no redirect.
  Result<Page> get(const std::string& host, const std::string& path,
                   const std::string& language = "en");
  // The path of the page that "/" leads to: "/en/".
  Result<std::string> find_front_page(const std::string& host);

 private:
  const supervisor::Estate& estate_;
  http::Client client_;
};

}  // namespace bulkhead::cli::drill
