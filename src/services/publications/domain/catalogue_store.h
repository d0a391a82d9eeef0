// The catalogue in use, read again when the books change: by editors, or by a recovery. Looks at
// the folder at most once in kLookInterval, when someone asks. Thread-safe.
#pragma once

#include <chrono>
#include <memory>

#include "base/clock.h"
#include "base/guarded.h"
#include "services/publications/domain/catalogue.h"

namespace bulkhead::services::publications {

inline constexpr std::chrono::milliseconds kLookInterval{2000};

class CatalogueStore {
 public:
  CatalogueStore(Path folder, Clock& clock) : folder_(std::move(folder)), clock_(clock) {}

  // Shared, since a page being made keeps the catalogue that it began with while newer is loaded.
  std::shared_ptr<const Catalogue> current();

  // Fewer than a quarter of the books are unreadable: one broken book must not take the service
  // down, mass damage must.
  Result<void> check_ready();
  // Every file of every book can be read.
  Result<void> check_integrity() const { return Catalogue::load(folder_).check(); }

 private:
  struct State {
    std::shared_ptr<const Catalogue> catalogue;
    std::uint64_t fingerprint = 0;
    SteadyTime looked_at{};
  };

  const Path folder_;
  Clock& clock_;
  Guarded<State> state_;
};

}  // namespace bulkhead::services::publications
