// The pieces of the parser of estate.toml, apart so that each file stays readable.
#pragma once

#include "config/document.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor::internal {

// "website", "mail-archive": also a folder name, a map key and part of a host name.
bool is_name(std::string_view text);
// Lower-case letters, digits, '-' and '.', at most 253 bytes.
bool is_host_name(std::string_view text);
// Relative, without "..", ".", empty parts or control characters.
bool is_inner_path(std::string_view text);
// Not empty and without control characters.
bool is_one_line(std::string_view text, std::size_t size_max);
// [title] with one string for each of kLanguages.
Result<Text> parse_text(const config::Table& table, std::string_view key);
Result<ServiceConfig> parse_service(const config::Table& table, const std::string& name,
                                    const GatewayConfig& gateway);

}  // namespace bulkhead::supervisor::internal
