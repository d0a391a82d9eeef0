#include "storage/rest.h"

namespace bulkhead::storage {

Result<std::unique_ptr<Backend>> open_rest(std::string_view, const OpenOptions&) {
  return fail(ErrorKind::unavailable, "this build has no client for REST repositories");
}

}  // namespace bulkhead::storage
