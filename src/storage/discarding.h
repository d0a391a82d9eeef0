// A backend that reads what is there and forgets what is written: whatever works on a repository
// can so be tried out (--dry-run) without a second path through its code.
#pragma once

#include "storage/backend.h"

namespace bulkhead::storage {

// save(), remove() and replace() succeed and change nothing; create() answers as if it had made the
// layout.
std::unique_ptr<Backend> without_writing(std::unique_ptr<Backend> backend);

}  // namespace bulkhead::storage
