// Reed–Solomon over GF(2^8) with a Cauchy matrix: m sectors of parity from k of data, and any lost
// ones back from any k that are left. The one file that knows libisal.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"

namespace bulkhead::repository {

// k + m are at most this.
inline constexpr std::size_t kShardsMax = 255;

// All views have one length, and `parity` is written to.
void encode_stripe(const std::vector<ByteView>& data, const std::vector<MutableByteView>& parity);

// `shards` are k of data and then m of parity; nullopt where one is lost. Gives the lost ones of
// data, in their order; nothing where fewer than k are left.
std::optional<std::vector<Bytes>> decode_stripe(const std::vector<std::optional<ByteView>>& shards,
                                                std::size_t data_shards, std::size_t length);

}  // namespace bulkhead::repository
