// Writes what HAProxy reads: its configuration, maps, pages, style sheet and Lua program. The
// exposure map is state and is left as it is where it exists.
#pragma once

#include <map>

#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"
#include "supervisor/messages/messages.h"

namespace bulkhead::supervisor {

using ExposureByService = std::map<std::string, Exposure, std::less<>>;

Result<void> write_gateway_files(const Estate& estate, const Layout& layout,
                                 const Messages& messages);

// What is on disk, and for services it does not know, estate.toml's. An entry that cannot be read
// counts as sealed: a damaged file must not open anything.
Result<ExposureByService> read_exposures(const Estate& estate, const Layout& layout);
Result<void> write_exposures(const ExposureByService& exposures, const Layout& layout);

}  // namespace bulkhead::supervisor
