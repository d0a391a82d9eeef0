// The pages that the gateway answers itself, instead of a service: complete files, made once, that
// HAProxy keeps in memory. They use one style sheet, no script, and say what to do next.
#pragma once

#include <string>
#include <string_view>

#include "supervisor/estate/estate.h"
#include "supervisor/messages/messages.h"

namespace bulkhead::supervisor {

struct GatewayPage {
  std::string_view name;  // "sealed": the file is <name>.<language>.html
  std::string_view key;   // of its texts: "<key>.title", "<key>.text"
  int status;
  std::string_view type;  // last part of the problem's type, for programs
};

inline constexpr GatewayPage kGatewayPages[] = {
    {"sealed", "sealed", 503, "sealed"},
    {"unavailable", "unavailable", 503, "unavailable"},
    {"read-only", "read_only", 403, "read-only"},
    {"pass-needed", "pass_needed", 401, "pass-needed"},
    {"pass-role", "pass_role", 403, "pass-role"},
    {"too-many", "too_many", 429, "too-many-requests"},
    {"unknown-host", "unknown_host", 421, "unknown-host"},
    {"not-found", "not_found", 404, "not-found"},
    {"bad-request", "bad_request", 400, "bad-request"},
};

// The whole HTML page, without HTTP headers.
std::string gateway_page(const GatewayPage& page, std::string_view language,
                         const Messages& messages, const Estate& estate);
// The same for programs: an RFC 9457 problem, in English.
std::string gateway_problem(const GatewayPage& page, const Messages& messages,
                            const Estate& estate);
// A whole HTTP message in all six languages, for the errors that HAProxy raises on its own.
std::string gateway_error_message(int status, const GatewayPage& page, const Messages& messages,
                                  const Estate& estate);

}  // namespace bulkhead::supervisor
