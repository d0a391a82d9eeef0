#include "repository/compression.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include <fmt/format.h>
#include <zstd.h>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

constexpr int kWindowLog = 19;
constexpr int kWindowLogMax = 31;  // zstd's, on machines of 64 bits

struct CompressorFree {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct DecompressorFree {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// A context holds megabytes of tables; each thread keeps its own.
ZSTD_CCtx* compressor() {
  thread_local const std::unique_ptr<ZSTD_CCtx, CompressorFree> context(ZSTD_createCCtx());
  CHECK(context != nullptr);
  return context.get();
}
ZSTD_DCtx* decompressor() {
  thread_local const std::unique_ptr<ZSTD_DCtx, DecompressorFree> context(ZSTD_createDCtx());
  CHECK(context != nullptr);
  CHECK(!ZSTD_isError(ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only)));
  return context.get();
}

constexpr std::size_t kRawBlockSize = 128 << 10;  // the format's greatest
constexpr std::size_t kBlockHeaderSize = 3;
constexpr std::size_t kFrameHeaderSize = 14;  // at most
constexpr std::size_t kPieceSize = 64 << 10;

// Parameters are set anew only where they change: that alone costs as much as a short file.
std::size_t compress_frame(MutableByteView out, ByteView plaintext, int level) {
  thread_local int level_set = 0;
  ZSTD_CCtx* context = compressor();
  if (level_set != level) {
    CHECK(!ZSTD_isError(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)));
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)));
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kWindowLog)));
    CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0)));
    level_set = level;
  }
  const std::size_t size =
      ZSTD_compress2(context, out.data(), out.size(), plaintext.data(), plaintext.size());
  CHECK(!ZSTD_isError(size));
  return size;
}

// A sixteenth of a long blob, taken from all over it, tells what zstd would make of the whole.
bool looks_random(ByteView plaintext) {
  constexpr std::size_t kLong = 256 << 10;
  constexpr std::size_t kSamples = 8;
  constexpr std::size_t kSampleSize = 4 << 10;
  constexpr int kLevel = 1;  // the fastest that also counts how often each byte occurs
  if (plaintext.size() < kLong) return false;
  std::array<std::uint8_t, kSamples * kSampleSize> sample;
  std::array<std::uint8_t, ZSTD_COMPRESSBOUND(kSamples * kSampleSize)> out;
  const std::size_t stride = (plaintext.size() - kSampleSize) / (kSamples - 1);
  for (std::size_t i = 0; i < kSamples; ++i) {
    std::ranges::copy(plaintext.subspan(i * stride, kSampleSize), sample.begin() + i * kSampleSize);
  }
  thread_local const std::unique_ptr<ZSTD_CCtx, CompressorFree> context(ZSTD_createCCtx());
  CHECK(context != nullptr);
  const std::size_t size = ZSTD_compressCCtx(context.get(), out.data(), out.size(), sample.data(),
                                             sample.size(), kLevel);
  return !ZSTD_isError(size) && size > sample.size() - sample.size() / 128;
}

constexpr std::uint8_t kMagic[] = {0x28, 0xb5, 0x2f, 0xfd};

// RFC 8878: a frame of raw blocks, with the content's size and our window.
std::size_t frame_as_it_is(MutableByteView out, ByteView plaintext) {
  constexpr std::uint8_t kContentSizeOf8Bytes = 3 << 6;
  constexpr std::uint8_t kWindow = (kWindowLog - 10) << 3;
  std::uint8_t* at = std::ranges::copy(kMagic, out.data()).out;
  *at++ = kContentSizeOf8Bytes;
  *at++ = kWindow;
  for (unsigned shift = 0; shift < 64; shift += 8) {
    *at++ = static_cast<std::uint8_t>(std::uint64_t{plaintext.size()} >> shift);
  }
  do {
    const ByteView block = plaintext.first(std::min(plaintext.size(), kRawBlockSize));
    plaintext = plaintext.subspan(block.size());
    const auto header = static_cast<std::uint32_t>(block.size() << 3 | (plaintext.empty() ? 1 : 0));
    for (unsigned shift = 0; shift < 24; shift += 8) {
      *at++ = static_cast<std::uint8_t>(header >> shift);
    }
    at = std::ranges::copy(block, at).out;
  } while (!plaintext.empty());
  return static_cast<std::size_t>(at - out.data());
}

std::unexpected<Error> corrupt(std::size_t code) {
  return fail(ErrorKind::corrupt,
              fmt::format("compressed bytes are damaged: {}", ZSTD_getErrorName(code)));
}

}  // namespace

std::size_t compressed_size_max(std::size_t size) {
  // The second is a frame of blocks that are not compressed.
  return std::max(ZSTD_compressBound(size),
                  size + kFrameHeaderSize + (size / kRawBlockSize + 1) * kBlockHeaderSize);
}

std::size_t compress_into(MutableByteView out, ByteView plaintext, int level) {
  CHECK(out.size() >= compressed_size_max(plaintext.size()));
  if (looks_random(plaintext)) return frame_as_it_is(out, plaintext);
  return compress_frame(out, plaintext, level);
}

Bytes compress(ByteView plaintext, int level) {
  Bytes out(compressed_size_max(plaintext.size()));
  out.resize(compress_into(out, plaintext, level));
  return out;
}

namespace {

// With `size` bytes in it, where it tells.
Result<void> require_one_frame(ByteView compressed, std::size_t size) {
  const unsigned long long claimed = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR) {
    return fail(ErrorKind::corrupt, "compressed bytes do not begin with a zstd frame");
  }
  if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != size) {
    return fail(ErrorKind::corrupt,
                fmt::format("the frame says {} bytes, the index {}", claimed, size));
  }
  const std::size_t frame = ZSTD_findFrameCompressedSize(compressed.data(), compressed.size());
  if (ZSTD_isError(frame)) return corrupt(frame);
  if (frame == compressed.size()) return {};
  return fail(ErrorKind::corrupt, "compressed bytes are followed by others");
}

Result<void> require_size(std::uint64_t decompressed, std::size_t size) {
  if (decompressed == size) return {};
  return fail(ErrorKind::corrupt,
              fmt::format("decompressed to {} bytes, the index says {}", decompressed, size));
}

}  // namespace

Result<void> decompress_into(MutableByteView out, ByteView compressed) {
  TRY(require_one_frame(compressed, out.size()));
  const std::size_t size = ZSTD_decompressDCtx(decompressor(), out.data(), out.size(),
                                               compressed.data(), compressed.size());
  if (ZSTD_isError(size)) return corrupt(size);
  return require_size(size, out.size());
}

Result<void> decompress_in_pieces(ByteView compressed, std::size_t size,
                                  const std::function<void(ByteView)>& take) {
  // A short one needs no second copy of itself in zstd's own memory.
  std::array<std::uint8_t, kPieceSize> piece;
  if (size <= piece.size()) {
    const MutableByteView whole = MutableByteView(piece).first(size);
    TRY(decompress_into(whole, compressed));
    take(whole);
    return {};
  }
  TRY(require_one_frame(compressed, size));
  ZSTD_DCtx* context = decompressor();
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  std::uint64_t done = 0;
  while (true) {
    ZSTD_outBuffer step{piece.data(), piece.size(), 0};
    const std::size_t left = ZSTD_decompressStream(context, &step, &in);
    if (ZSTD_isError(left)) return corrupt(left);
    done += step.pos;
    if (done > size) break;
    take(ByteView(piece).first(step.pos));
    if (left == 0) break;
    if (in.pos == in.size && step.pos < step.size) {
      return fail(ErrorKind::corrupt, "compressed bytes end too early");
    }
  }
  return require_size(done, size);
}

namespace {

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

struct FrameHeader {
  std::size_t size;
  std::uint64_t block_size_max;
};

// RFC 8878, section 3.1.1.1. Nothing for what restic and we do not write: checksums,
// dictionaries, a content of another size than the index says.
std::optional<FrameHeader> read_frame_header(ByteView frame, std::size_t content_size) {
  constexpr std::size_t kDescriptorAt = sizeof(kMagic);
  constexpr std::uint8_t kSingleSegment = 1 << 5;
  constexpr std::uint8_t kReservedChecksumAndDictionary = 0b1111;
  if (frame.size() < kFrameHeaderSize || !std::ranges::equal(frame.first(kDescriptorAt), kMagic)) {
    return std::nullopt;
  }
  const std::uint8_t descriptor = frame[kDescriptorAt];
  if ((descriptor & kReservedChecksumAndDictionary) != 0) return std::nullopt;
  const bool single = (descriptor & kSingleSegment) != 0;
  const std::size_t width = std::array{single ? 1 : 0, 2, 4, 8}[descriptor >> 6];
  const std::size_t width_at = kDescriptorAt + (single ? 1 : 2);
  const std::uint64_t told = little_endian(frame.subspan(width_at, width));
  if (width > 0 && told + (width == 2 ? 256 : 0) != content_size) return std::nullopt;
  std::uint64_t window = content_size;
  if (!single) {
    const std::uint8_t code = frame[kDescriptorAt + 1];
    if (10 + (code >> 3) > kWindowLogMax) return std::nullopt;
    window = std::uint64_t{1} << (10 + (code >> 3));
    window += window / 8 * (code & 7);
  }
  return FrameHeader{.size = width_at + width,
                     .block_size_max = std::min<std::uint64_t>(window, kRawBlockSize)};
}

}  // namespace

std::optional<ByteView> content_in_place(MutableByteView compressed, std::size_t size) {
  const auto header = read_frame_header(compressed, size);
  if (!header) return std::nullopt;
  const auto block_at = [&](std::size_t at) {
    return little_endian(compressed.subspan(at, kBlockHeaderSize));
  };
  std::uint64_t total = 0;
  std::size_t at = header->size;
  for (bool last = false; !last;) {
    if (at + kBlockHeaderSize > compressed.size()) return std::nullopt;
    const std::uint64_t block = block_at(at);
    last = (block & 1) != 0;
    const bool raw = (block >> 1 & 3) == 0;
    const std::uint64_t length = block >> 3;
    at += kBlockHeaderSize + length;
    total += length;
    if (!raw || length > header->block_size_max || at > compressed.size()) return std::nullopt;
  }
  if (at != compressed.size() || total != size) return std::nullopt;
  std::uint8_t* to = compressed.data() + header->size + kBlockHeaderSize;
  const MutableByteView content(to, size);
  for (at = header->size; at < compressed.size();) {
    const std::size_t length = block_at(at) >> 3;
    at += kBlockHeaderSize;
    std::memmove(to, compressed.data() + at, length);
    to += length;
    at += length;
  }
  return content;
}

Result<Bytes> decompress_exactly(ByteView compressed, std::size_t size) {
  // A frame's own claim is compared first, so that memory is taken only for what can be true.
  const unsigned long long claimed = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  Bytes out(claimed == size || claimed == ZSTD_CONTENTSIZE_UNKNOWN ? size : 0);
  if (out.size() != size) {
    return fail(ErrorKind::corrupt, fmt::format("the frame does not say {} bytes", size));
  }
  TRY(decompress_into(out, compressed));
  return out;
}

Result<Bytes> decompress_up_to(ByteView compressed, std::size_t limit) {
  ZSTD_DCtx* context = decompressor();
  const unsigned long long claimed = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  const bool known = claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != ZSTD_CONTENTSIZE_ERROR;
  // One byte more than needed lets the last step see the end of the frame.
  constexpr std::size_t kFirstGuess = 64 << 10;
  // A claim can be a lie: beyond this the buffer grows only as bytes really come.
  constexpr std::size_t kTrustedClaimMax = 16 << 20;
  Bytes out(
      std::min<std::size_t>(known ? claimed : kFirstGuess, std::min(limit, kTrustedClaimMax)) + 1);
  ZSTD_inBuffer in{compressed.data(), compressed.size(), 0};
  std::size_t done = 0;
  while (true) {
    ZSTD_outBuffer step{out.data(), out.size(), done};
    const std::size_t left = ZSTD_decompressStream(context, &step, &in);
    if (ZSTD_isError(left)) return corrupt(left);
    const bool progressed = step.pos > done;
    done = step.pos;
    if (done > limit) {
      return fail(ErrorKind::limit, fmt::format("decompresses to more than {} bytes", limit));
    }
    if (left == 0) break;
    if (done == out.size()) {
      out.resize(std::min(out.size() * 2, limit + 1));
    } else if (in.pos == in.size && !progressed) {
      return fail(ErrorKind::corrupt, "compressed bytes end too early");
    }
  }
  if (in.pos != in.size) {
    return fail(ErrorKind::corrupt, "compressed bytes are followed by others");
  }
  out.resize(done);
  return out;
}

}  // namespace bulkhead::repository
