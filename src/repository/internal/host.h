// Who and where we are, as snapshots, keys and locks say it.
#pragma once

#include <string>

namespace bulkhead::repository {

std::string this_host();
std::string this_user();

}  // namespace bulkhead::repository
