// A repository in a folder, laid out as restic's local backend does (data/ by first two digits).
// A file is written under a temporary name, synced, and then linked to its name; so a name never
// shows part of a file and never changes what it holds.
#pragma once

#include "storage/backend.h"

namespace bulkhead::storage {

// Opens what is there and makes nothing; see Backend::create().
Result<std::unique_ptr<Backend>> open_local(std::string_view folder);

}  // namespace bulkhead::storage
