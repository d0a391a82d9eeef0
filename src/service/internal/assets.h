// The stylesheet, the islands and the fonts of web/, which the build embeds. Their paths carry a
// hash of their content, so they may be kept for ever. Immutable, thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/embedded.h"
#include "http/message.h"

namespace bulkhead::service::internal {

class Assets {
 public:
  explicit Assets(std::span<const EmbeddedFile> files);

  // "/assets/site.<hash>.css" for "site.css"; a name that does not exist is a programmer's error.
  std::string path_of(std::string_view name) const;
  // `name` is what follows "/assets/"; kind not_found for any other.
  Result<http::Response> serve(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> hashed_names_;   // name → with hash
  std::map<std::string, std::string_view, std::less<>> contents_;  // with hash → content
};

// What web/CMakeLists.txt has embedded.
std::span<const EmbeddedFile> built_assets();

}  // namespace bulkhead::service::internal
