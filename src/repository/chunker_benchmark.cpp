// Cutting random bytes into chunks: what one core does in a second.
#include <benchmark/benchmark.h>

#include "base/random.h"
#include "repository/chunker.h"

namespace bulkhead::repository {
namespace {

void cut(benchmark::State& state) {
  const Bytes bytes = SeededRandom(1).bytes(64 << 20);
  const Chunker chunker(0x3DA3358B4DC173);
  for (auto _ : state) {
    ByteView left = bytes;
    while (!left.empty()) {
      left = left.subspan(chunker.chunk_length(left.first(std::min(left.size(), kChunkSizeMax))));
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes.size()) * state.iterations());
}

BENCHMARK(cut)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bulkhead::repository
