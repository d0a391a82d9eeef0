// Canaries: files that look worth taking and that no service touches. Any change of one is a sign.
#pragma once

#include <string>
#include <string_view>

namespace bulkhead::analysis {

// A table of codes that are nobody's. Different for each seed, service and name, so that a canary
// of one estate tells nothing about those of another.
std::string canary_content(std::string_view seed, std::string_view service, std::string_view name);

}  // namespace bulkhead::analysis
