// A repository kept by a server that speaks restic's REST protocol (rest-server, bulkhead-vault).
#pragma once

#include "storage/backend.h"

namespace bulkhead::storage {

// `url` is what follows "rest:", with or without user and password in it.
Result<std::unique_ptr<Backend>> open_rest(std::string_view url, const OpenOptions& options);

}  // namespace bulkhead::storage
