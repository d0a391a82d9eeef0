// What every response says to the browser about its limits. A handler that needs something else (a
// book's resources on their own origin) sets the header itself, and it is then left as it is.
// Strict-Transport-Security is the gateway's: it speaks for the host.
#pragma once

#include "http/message.h"

namespace bulkhead::service::internal {

inline constexpr std::string_view kContentSecurityPolicy =
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'";

void add_security_headers(http::Response& response);

}  // namespace bulkhead::service::internal
