// haproxy.cfg for an estate, as text. HAProxy runs with the estate's folder as its working
// directory, so every path in it is relative. What changes while it runs (exposure) is looked up
// in a map for each request; everything else needs a new configuration and a reload.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor {

// Keys of the map are services' names, values exposures.
inline constexpr std::string_view kExposureMap = "gateway/exposure.map";
// Host name -> service, and clean-room host name -> service.
inline constexpr std::string_view kHostsMap = "gateway/hosts.map";
inline constexpr std::string_view kCleanroomMap = "gateway/cleanroom.map";
inline constexpr std::string_view kRuntimeSocket = "run/haproxy.sock";
inline constexpr std::string_view kPassCookie = "bulkhead_pass";
inline constexpr std::string_view kPassPath = "/.bulkhead/pass";
// In answers that are the gateway's own pages, and in no other: which page it is.
inline constexpr std::string_view kRefusalHeader = "X-Bulkhead-Refusal";
inline constexpr std::string_view kSealedRefusal = "sealed";

// `user`: id and group that HAProxy becomes once it has its ports and keys; none: it stays what it
// is.
std::string haproxy_configuration(const Estate& estate,
                                  std::optional<std::uint32_t> user = std::nullopt);
std::string hosts_map(const Estate& estate);
std::string cleanroom_map(const Estate& estate);
// Backends' names: "service.gisis", "cleanroom.gisis", "port.mail.imap".
std::string backend_name(std::string_view kind, std::string_view service);

}  // namespace bulkhead::supervisor
