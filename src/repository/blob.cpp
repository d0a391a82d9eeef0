#include "repository/blob.h"

#include "crypto/master_key.h"

namespace bulkhead::repository {

std::string_view name_of(BlobType type) { return type == BlobType::data ? "data" : "tree"; }

std::uint64_t PackedBlob::plaintext_size() const {
  return compressed() ? raw_size : sealed_size - crypto::kSealOverhead;
}

}  // namespace bulkhead::repository
