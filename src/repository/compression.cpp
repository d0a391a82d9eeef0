#include "repository/compression.h"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <zstd.h>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

constexpr int kWindowLog = 19;

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

std::unexpected<Error> corrupt(std::size_t code) {
  return fail(ErrorKind::corrupt,
              fmt::format("compressed bytes are damaged: {}", ZSTD_getErrorName(code)));
}

}  // namespace

Bytes compress(ByteView plaintext, int level) {
  ZSTD_CCtx* context = compressor();
  CHECK(!ZSTD_isError(ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)));
  CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, level)));
  CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, kWindowLog)));
  CHECK(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 0)));
  Bytes out(ZSTD_compressBound(plaintext.size()));
  const std::size_t size =
      ZSTD_compress2(context, out.data(), out.size(), plaintext.data(), plaintext.size());
  CHECK(!ZSTD_isError(size));
  out.resize(size);
  return out;
}

Result<Bytes> decompress_exactly(ByteView compressed, std::size_t size) {
  // A frame's own claim is compared first, so that memory is taken only for what can be true.
  const unsigned long long claimed = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (claimed == ZSTD_CONTENTSIZE_ERROR) {
    return fail(ErrorKind::corrupt, "compressed bytes do not begin with a zstd frame");
  }
  if (claimed != ZSTD_CONTENTSIZE_UNKNOWN && claimed != size) {
    return fail(ErrorKind::corrupt,
                fmt::format("the frame says {} bytes, the index {}", claimed, size));
  }
  Bytes out = TRY(decompress_up_to(compressed, size));
  if (out.size() != size) {
    return fail(ErrorKind::corrupt,
                fmt::format("decompressed to {} bytes, the index says {}", out.size(), size));
  }
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
