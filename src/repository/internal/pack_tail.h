// A pack's header, loaded without the blobs in front of it.
#pragma once

#include "repository/pack.h"
#include "repository/repository.h"

namespace bulkhead::repository {

// `size` is that of the whole pack. Kind corrupt, too, where blobs and header do not fill it.
Result<std::vector<PackedBlob>> load_pack_header(Repository& repository, const PackId& id,
                                                 std::uint64_t size);

}  // namespace bulkhead::repository
