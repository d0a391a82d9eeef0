// Opening the index of a repository of ten million blobs (or of $BULKHEAD_INDEX_BLOBS), from its
// index files and from the cache, and looking blobs up in it. A generator makes the index files.
#include <cstdlib>

#include <benchmark/benchmark.h>

#include "base/check.h"
#include "base/file.h"
#include "base/text.h"
#include "repository/index.h"
#include "repository/repository.h"
#include "storage/backend.h"

namespace bulkhead::repository {
namespace {

constexpr std::string_view kPassword = "benchmark";
constexpr std::size_t kBlobsOfFile = 50'000;
constexpr std::size_t kBlobsOfPack = 20;

class GeneratedRepository {
 public:
  GeneratedRepository() {
    if (const char* wanted = std::getenv("BULKHEAD_INDEX_BLOBS")) {
      blobs_ = parse_u64(wanted).value_or(blobs_);
    }
    auto repository = Repository::init(backend(), kPassword, {.scrypt_n = 16}).value();
    SeededRandom random(1);
    for (std::size_t done = 0; done < blobs_; done += kBlobsOfFile) {
      std::vector<IndexedPack> packs;
      for (std::size_t i = 0; i < kBlobsOfFile; i += kBlobsOfPack) packs.push_back(pack(random));
      CHECK(repository->save_file(storage::FileType::index, encode_index(packs)));
    }
  }
  std::unique_ptr<Repository> open(const Path& cache) const {
    return Repository::open(backend(), kPassword, {.cache_folder = cache}).value();
  }
  Path cache() const { return folder_.path() / "cache"; }
  std::size_t blobs() const { return blobs_; }

 private:
  std::unique_ptr<storage::Backend> backend() const {
    return storage::open_backend((folder_.path() / "repository").native(), {}).value();
  }
  static IndexedPack pack(SeededRandom& random) {
    IndexedPack pack{PackId::from_bytes(random.bytes(32)), {}};
    std::uint32_t offset = 0;
    for (std::size_t i = 0; i < kBlobsOfPack; ++i) {
      const auto size = static_cast<std::uint32_t>(500'000 + random.below(500'000));
      pack.blobs.push_back(
          {BlobType::data, BlobId::from_bytes(random.bytes(32)), offset, size, size * 2});
      offset += size;
    }
    return pack;
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("index-benchmark").value();
  std::size_t blobs_ = 10'000'000;
};

const GeneratedRepository& generated() {
  static const GeneratedRepository repository;
  return repository;
}

void open_from_index_files(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    CHECK(remove_tree(generated().cache()));
    const auto repository = generated().open(generated().cache());
    state.ResumeTiming();
    CHECK(repository->load_index());
    CHECK(repository->index().blob_count() == generated().blobs());
  }
}

void open_from_cache(benchmark::State& state) {
  CHECK(generated().open(generated().cache())->load_index());
  for (auto _ : state) {
    const auto repository = generated().open(generated().cache());
    CHECK(repository->load_index());
    CHECK(repository->index().blob_count() == generated().blobs());
  }
}

void find_what_is_not_there(benchmark::State& state) {
  const auto repository = generated().open(generated().cache());
  CHECK(repository->load_index());
  SeededRandom random(2);
  for (auto _ : state) {
    const BlobKey key{BlobType::data, BlobId::from_bytes(random.bytes(32))};
    benchmark::DoNotOptimize(repository->index().contains(key));
  }
}

BENCHMARK(open_from_index_files)->Unit(benchmark::kSecond)->Iterations(1)->UseRealTime();
BENCHMARK(open_from_cache)->Unit(benchmark::kSecond)->Iterations(3)->UseRealTime();
BENCHMARK(find_what_is_not_there);

}  // namespace
}  // namespace bulkhead::repository
