// zstd frames as restic writes them: one frame, no checksum, a window of 512 KiB.
#pragma once

#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::repository {

inline constexpr int kCompressionLevelAutomatic = 3;
inline constexpr int kCompressionLevelMaximum = 19;

Bytes compress(ByteView plaintext, int level);

// What compress_into() needs at most.
std::size_t compressed_size_max(std::size_t size);
// Answers how much of `out` it took. Long data that a sample of it shows to be as good as random
// is put into the frame as it is, which is many times faster.
std::size_t compress_into(MutableByteView out, ByteView plaintext, int level);

// Of a blob, whose length the index tells: any other length is of kind corrupt.
Result<Bytes> decompress_exactly(ByteView compressed, std::size_t size);
// The same into `out`, as long as the index tells.
Result<void> decompress_into(MutableByteView out, ByteView compressed);
// The same without room for all of it: `take` gets one part after another, and what it got counts
// for nothing where this fails.
Result<void> decompress_in_pieces(ByteView compressed, std::size_t size,
                                  const std::function<void(ByteView)>& take);
// Where the frame holds nothing but raw blocks, as compress() makes of random data: its content,
// `size` bytes, moved together inside `compressed`. Nothing, and nothing is changed, for all else.
std::optional<ByteView> content_in_place(MutableByteView compressed, std::size_t size);
// Of a file; more than `limit` bytes is of kind limit.
Result<Bytes> decompress_up_to(ByteView compressed, std::size_t limit);

}  // namespace bulkhead::repository
