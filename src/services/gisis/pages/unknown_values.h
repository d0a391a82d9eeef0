// What a list says of filters whose value no record can have: a misspelt country looks like an
// empty register otherwise.
#pragma once

#include <string>
#include <vector>

#include "service/site.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

// Takes from `request.unknown` what a record does have all the same, kept as its file said it.
Result<void> keep_unknown_only(Registry& registry, const ModuleDefinition& module,
                               ListRequest& request);

// One plain sentence for each of `request.unknown`, with the values that the list does have.
Result<std::vector<std::string>> unknown_values(const service::Visit& visit, Registry& registry,
                                                const ModuleDefinition& module,
                                                const ListRequest& request);

}  // namespace bulkhead::services::gisis
