#include "sandbox/policy.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bulkhead::sandbox {
namespace {

constexpr std::size_t kNameLengthMax = 40;
constexpr std::uint32_t kUserIdFirst = 1'500'000'000;
constexpr std::uint32_t kUserIdCount = 100'000'000;
constexpr std::uint64_t kMemoryBytesLeast = 16ull << 20;

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameLengthMax && name.front() != '-' &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
         });
}

// What the compartment's own frame consists of must not be covered by a mount of the policy.
bool is_free_mount_point(std::string_view inside) {
  const std::string normal = Path(inside).lexically_normal().native();
  if (normal != inside || inside.size() < 2 || inside.front() != '/') return false;
  return std::ranges::any_of(std::initializer_list<std::string_view>{"/program", "/config"},
                             [&](std::string_view root) {
                               return inside == root || inside.starts_with(std::string(root) + "/");
                             });
}

Result<void> validate_folder(const Policy& policy, const Path& folder, std::string_view what) {
  std::error_code error;
  if (!folder.is_absolute() || !std::filesystem::is_directory(folder, error)) {
    return fail(ErrorKind::not_found, fmt::format("compartment {}: {} folder {} is not there",
                                                  policy.name, what, folder.native()));
  }
  return {};
}

}  // namespace

Result<void> validate(const Policy& policy) {
  if (!is_name(policy.name)) {
    return fail(ErrorKind::invalid,
                fmt::format("'{}' cannot name a compartment: a-z, 0-9 and '-', at most {}",
                            policy.name, kNameLengthMax));
  }
  if (policy.command.empty() || !policy.command[0].starts_with('/')) {
    return fail(
        ErrorKind::invalid,
        fmt::format("compartment {}: the command must begin with a path inside it", policy.name));
  }
  TRY(validate_folder(policy, policy.data_directory, "data"));
  TRY(validate_folder(policy, policy.socket_directory, "socket"));
  std::set<std::string_view> seen;
  for (const auto& [outside, inside] : policy.read_only) {
    std::error_code error;
    if (!outside.is_absolute() || !std::filesystem::exists(outside, error)) {
      return fail(ErrorKind::not_found,
                  fmt::format("compartment {}: {} is not there", policy.name, outside.native()));
    }
    if (!is_free_mount_point(inside) || !seen.insert(inside).second) {
      return fail(ErrorKind::invalid,
                  fmt::format("compartment {}: '{}' cannot be a mount point: one each, below "
                              "/program or /config",
                              policy.name, inside));
    }
  }
  for (const std::string& entry : policy.environment) {
    if (entry.find('=') == std::string::npos || entry.front() == '=') {
      return fail(ErrorKind::invalid,
                  fmt::format("compartment {}: '{}' is not NAME=value", policy.name, entry));
    }
  }
  if (policy.limits.memory_bytes_max < kMemoryBytesLeast || policy.limits.processes_max == 0) {
    return fail(ErrorKind::invalid,
                fmt::format("compartment {}: its limits leave it nothing to run with: at least {} "
                            "MiB of memory and one process",
                            policy.name, kMemoryBytesLeast >> 20));
  }
  return {};
}

std::uint32_t user_id_for(std::string_view key) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a: spreads, and stays the same for ever
  for (const char c : key) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return kUserIdFirst + static_cast<std::uint32_t>(hash % kUserIdCount);
}

}  // namespace bulkhead::sandbox
