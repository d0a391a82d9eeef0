#include "services/publications/pages/origins.h"

#include <algorithm>

#include "base/text.h"

namespace bulkhead::services::publications {
namespace {

constexpr std::string_view kBookHostPrefix = "books.";
constexpr std::string_view kScheme = "https://";

Error wrong_origin() {
  return Error(ErrorKind::not_found, "this host does not serve that address");
}

}  // namespace

bool is_book_origin(const http::Request& request) {
  const std::string host = to_lower_ascii(request.headers.find("Host").value_or(""));
  return host.starts_with(kBookHostPrefix);
}

std::string book_origin(const service::Visit& visit) {
  const std::string origin = visit.origin();
  return std::string(kScheme) + std::string(kBookHostPrefix) + origin.substr(kScheme.size());
}

std::string site_origin(const http::Request& request) {
  const std::string_view host = request.headers.find("Host").value_or("");
  return std::string(kScheme) +
         std::string(host.substr(std::min(kBookHostPrefix.size(), host.size())));
}

std::string frame_permissions(const http::Request& request) {
  const std::string_view exposure = request.headers.find("X-Bulkhead-Exposure").value_or("public");
  const bool is_restricted = exposure == "members" || exposure == "operators";
  return std::string("allow-top-navigation-by-user-activation") +
         (is_restricted ? " allow-same-origin" : "");
}

service::PageHandler at_site(service::PageHandler handler) {
  return [handler = std::move(handler)](service::Visit& visit) -> Result<http::Response> {
    if (is_book_origin(visit.request)) return std::unexpected(wrong_origin());
    return handler(visit);
  };
}

http::Handler at_site(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) {
    if (is_book_origin(request)) return http::problem(wrong_origin(), request);
    return handler(request);
  };
}

http::Handler at_book_origin(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) {
    if (!is_book_origin(request)) return http::problem(wrong_origin(), request);
    return handler(request);
  };
}

}  // namespace bulkhead::services::publications
