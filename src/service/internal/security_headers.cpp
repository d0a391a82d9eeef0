#include "service/internal/security_headers.h"

namespace bulkhead::service::internal {
namespace {

constexpr std::pair<std::string_view, std::string_view> kHeaders[] = {
    {"Content-Security-Policy", kContentSecurityPolicy},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "strict-origin-when-cross-origin"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
    {"Cache-Control", "no-cache"},
};

}  // namespace

void add_security_headers(http::Response& response) {
  for (const auto& [name, value] : kHeaders) {
    if (!response.headers.find(name)) response.headers.set(std::string(name), std::string(value));
  }
}

}  // namespace bulkhead::service::internal
