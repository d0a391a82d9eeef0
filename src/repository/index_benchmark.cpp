// Opening the index of a repository of ten million blobs (or of $BULKHEAD_INDEX_BLOBS), from its
// index files and from the cache, and looking blobs up in it. A generator makes the index files.
// Printed beside the times: bytes a blob of memory that is the process's own, of the mapped cache
// that is in memory, and of the cache on disk.
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

// In bytes: "RssAnon" is what nobody else has, "RssFile" what was mapped from files.
double resident(std::string_view kind) {
  const std::string status = read_text_file("/proc/self/status", 1 << 16).value();
  for (const std::string_view line : split(status, '\n')) {
    const auto parts = split_once(line, ':');
    if (!parts || parts->first != kind) continue;
    const std::string_view number = trim(parts->second);
    return static_cast<double>(parse_u64(number.substr(0, number.find(' '))).value()) * 1024;
  }
  CHECK(false);
  return 0;
}

// What opening and loading added, a blob.
class Grown {
 public:
  void tell(benchmark::State& state, double blobs) const {
    state.counters["own_bytes_a_blob"] = (resident("RssAnon") - own_) / blobs;
    state.counters["mapped_bytes_a_blob"] = (resident("RssFile") - mapped_) / blobs;
  }

 private:
  const double own_ = resident("RssAnon");
  const double mapped_ = resident("RssFile");
};

const GeneratedRepository& generated() {
  static const GeneratedRepository repository;
  return repository;
}

void open_from_index_files(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    CHECK(remove_tree(generated().cache()));
    const Grown grown;
    const auto repository = generated().open(generated().cache());
    state.ResumeTiming();
    CHECK(repository->load_index());
    CHECK(repository->index().blob_count() == generated().blobs());
    grown.tell(state, static_cast<double>(generated().blobs()));
  }
}

void open_from_cache(benchmark::State& state) {
  std::string id;
  {
    const auto repository = generated().open(generated().cache());
    CHECK(repository->load_index());
    id = repository->id();
  }
  const auto blobs = static_cast<double>(generated().blobs());
  const Path kept = generated().cache() / id / "index.bulkhead";
  state.counters["cache_bytes_a_blob"] =
      static_cast<double>(std::filesystem::file_size(kept)) / blobs;
  for (auto _ : state) {
    const Grown grown;
    const auto repository = generated().open(generated().cache());
    CHECK(repository->load_index());
    CHECK(repository->index().blob_count() == generated().blobs());
    grown.tell(state, blobs);
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
