// Canaries: files that look worth taking and that no service touches. Their content follows from a
// secret of the estate, the service and the name, so that the check needs no record that an
// attacker could have changed too.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"

namespace bulkhead::analysis {

// In the dataset's root: first and last for one that goes by name, and in the middle.
inline constexpr std::array<std::string_view, 3> kCanaryNames = {
    "0-accounts-and-recovery-codes.csv", "master-contact-register.csv", "zz-archive-keys.csv"};

std::string canary_content(std::string_view secret, std::string_view service,
                           std::string_view name);

enum class CanaryState { intact, changed, missing };
// An unreadable canary is an error, not an answer.
Result<CanaryState> check_canary(const Path& path, std::string_view expected_content);

}  // namespace bulkhead::analysis
