// What a request's path means in restic's REST protocol: docs/formats/vault.md, "Paths".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/backend.h"

namespace bulkhead::vault {

inline constexpr std::size_t kRepositoryDepthMax = 2;
inline constexpr std::size_t kRepositoryElementSizeMax = 64;

struct RequestPath {
  std::string repository;  // "imo", "imo/website"
  // Nothing: the repository itself.
  std::optional<storage::FileType> type;
  // Empty for config, for the repository, and for a list.
  std::string name;
};

// One or two elements of letters, digits, '.', '_' and '-', each beginning with a letter or digit;
// none is a word of the protocol, so that no path has two meanings.
bool is_repository_name(std::string_view name);

// Whether there may be a repository without a name, "/config".
enum class RootRepository { no, yes };

// Kind not_found for what the protocol does not have.
Result<RequestPath> parse_request_path(std::string_view path,
                                       RootRepository root = RootRepository::no);

}  // namespace bulkhead::vault
