// The content in use, read again when the files change: by editors, or by a recovery. Looks at the
// folder at most once in kLookInterval, when someone asks. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "services/website/domain/content.h"

namespace bulkhead::services::website {

inline constexpr std::chrono::milliseconds kLookInterval{1000};

class ContentStore {
 public:
  ContentStore(Path data, std::span<const std::string_view> languages, Clock& clock);

  // Shared, since a page being made keeps the content that it began with while newer is loaded.
  std::shared_ptr<const Content> current();

  // Whether visitors can be served: there is a home page, and fewer than a quarter of all files
  // are unusable. One editor's slip must not take the site down; mass damage must.
  Result<void> check_ready();
  // Every file is usable; else an error of kind corrupt that names the first ones.
  Result<void> check_integrity() const;

 private:
  struct State {
    std::shared_ptr<const Content> content;
    std::uint64_t fingerprint = 0;
    SteadyTime looked_at{};
  };

  Path data_;
  std::vector<std::string_view> languages_;
  Clock& clock_;
  Guarded<State> state_;
};

}  // namespace bulkhead::services::website
