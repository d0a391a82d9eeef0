#include "services/publications/domain/catalogue_store.h"

#include <fmt/format.h>

#include "base/log.h"

namespace bulkhead::services::publications {

std::shared_ptr<const Catalogue> CatalogueStore::current() {
  return state_.with([&](State& state) {
    const SteadyTime now = clock_.steady_now();
    if (state.catalogue && now - state.looked_at < kLookInterval) return state.catalogue;
    state.looked_at = now;
    const std::uint64_t fingerprint = catalogue_fingerprint(folder_);
    if (state.catalogue && fingerprint == state.fingerprint) return state.catalogue;
    auto catalogue = std::make_shared<const Catalogue>(Catalogue::load(folder_));
    log::info("catalogue loaded",
              {{"publications", std::to_string(catalogue->publications().size())},
               {"left_out", std::to_string(catalogue->problems().size())}});
    for (const CatalogueProblem& problem : catalogue->problems()) {
      log::warning("publication left out", {{"file", problem.file}, {"reason", problem.message}});
    }
    state.catalogue = std::move(catalogue);
    state.fingerprint = fingerprint;
    return state.catalogue;
  });
}

Result<void> CatalogueStore::check_ready() {
  const auto catalogue = current();
  const std::size_t left_out = catalogue->problems().size();
  if (left_out == 0 || left_out * 4 < left_out + catalogue->publications().size()) return {};
  const CatalogueProblem& first = catalogue->problems().front();
  return fail(ErrorKind::corrupt, fmt::format("{} publication(s) cannot be read; the first: {}: {}",
                                              left_out, first.file, first.message));
}

}  // namespace bulkhead::services::publications
