#include "repository/internal/blob_writer.h"

#include "base/check.h"
#include "repository/compression.h"

namespace bulkhead::repository {
namespace {

// Of a pack's size each; one more is open for each type.
constexpr unsigned kSavers = 2;
// restic's: an index file is closed at so many blobs, or when it is so old.
constexpr std::size_t kIndexBlobsMax = 50'000;
constexpr std::chrono::minutes kIndexAgeMax{10};
// Scratch of an unusual blob is not kept.
constexpr std::size_t kScratchKeptMax = 12 << 20;

}  // namespace

BlobWriter::BlobWriter(Repository& repository, std::function<Result<void>()> ready)
    : repository_(repository),
      ready_(std::move(ready)),
      unsaved_packs_(kSavers),
      full_(kSavers + 2) {
  for (unsigned i = 0; i < kSavers; ++i) savers_.emplace_back([this] { save_packs(); });
}

BlobWriter::~BlobWriter() {
  full_.close();
  for (std::thread& saver : savers_) {
    if (saver.joinable()) saver.join();
  }
}

// True for the one who has to store it.
bool BlobWriter::take(const BlobKey& key) {
  if (repository_.index().reusable(key)) return false;
  return taken_.with([&](auto& taken) {
    if (!taken.insert(key).second) return false;
    // Its index file may have been saved since we looked.
    if (!repository_.index().reusable(key)) return true;
    taken.erase(key);
    return false;
  });
}

Result<BlobId> BlobWriter::store(BlobType type, ByteView plaintext, Scratch& scratch) {
  TRY(require_no_error());
  const BlobKey key{type, BlobId::of(plaintext)};
  if (!take(key)) return key.id;
  PackedBlob blob{.type = type, .id = key.id};
  const ByteView sealed = seal(blob, plaintext, scratch);
  statistics_.with([&](WriterStatistics& statistics) {
    ++(type == BlobType::data ? statistics.data_blobs : statistics.tree_blobs);
    statistics.bytes_added += plaintext.size();
    statistics.bytes_packed += sealed.size();
  });
  pack(blob, sealed);
  return key.id;
}

// As restic does, whatever was compressed stays in its frame even where it did not shrink.
ByteView BlobWriter::seal(PackedBlob& blob, ByteView plaintext, Scratch& scratch) {
  const Compression compression = repository_.options().compression;
  const bool compressed = repository_.version() >= 2 && !plaintext.empty() &&
                          (blob.type == BlobType::tree || compression != Compression::off);
  const std::size_t room = (compressed ? compressed_size_max(plaintext.size()) : plaintext.size()) +
                           crypto::kSealOverhead;
  if (scratch.size() > kScratchKeptMax && room <= kScratchKeptMax) scratch = Bytes();
  if (scratch.size() < room) scratch = Bytes(room);
  const MutableByteView out(scratch);
  if (compressed) {
    const int level =
        compression == Compression::maximum ? kCompressionLevelMaximum : kCompressionLevelAutomatic;
    const MutableByteView inner = out.subspan(crypto::kSealIvSize);
    blob.raw_size = static_cast<std::uint32_t>(plaintext.size());
    plaintext = inner.first(compress_into(inner, plaintext, level));
  }
  const MutableByteView sealed = out.first(plaintext.size() + crypto::kSealOverhead);
  repository_.key().seal_into(sealed, plaintext, repository_.random());
  blob.sealed_size = static_cast<std::uint32_t>(sealed.size());
  return sealed;
}

PackBuilder BlobWriter::new_builder() {
  PackBuilder builder(spare_.with([](std::vector<Bytes>& spare) {
    if (spare.empty()) return Bytes();
    Bytes memory = std::move(spare.back());
    spare.pop_back();
    return memory;
  }));
  return builder;
}

// Data and trees never share a pack (design.rst, "Pack Format", version 2).
void BlobWriter::pack(const PackedBlob& blob, ByteView sealed) {
  std::vector<PackBuilder> full;
  auto& open = blob.type == BlobType::data ? open_data_ : open_trees_;
  open.with([&](PackBuilder& builder) {
    if (builder.would_overflow(sealed.size())) {
      full.push_back(std::exchange(builder, new_builder()));
    }
    if (builder.empty()) {
      if (builder.capacity() == 0) builder = new_builder();
      if (blob.type == BlobType::data) builder.reserve(repository_.options().pack_size);
    }
    builder.add(blob, sealed);
    if (builder.size() >= repository_.options().pack_size) {
      full.push_back(std::exchange(builder, PackBuilder()));
    }
  });
  for (PackBuilder& builder : full) close(std::move(builder));
}

void BlobWriter::close(PackBuilder builder) {
  unsaved_packs_.acquire();
  full_.push(std::move(builder));
}

void BlobWriter::save_packs() {
  while (auto builder = full_.pop()) {
    if (require_no_error()) {
      const auto saved = save_pack(*std::move(builder));
      if (!saved) report(saved.error());
    }
    unsaved_packs_.release();
  }
}

Result<void> BlobWriter::save_pack(PackBuilder builder) {
  PackBuilder::Finished pack = builder.finish(repository_.key(), repository_.random());
  TRY_CONTEXT(repository_.backend().save({storage::FileType::data, pack.id.to_hex()}, pack.bytes),
              "saving pack " + pack.id.short_hex());
  pack.bytes.clear();
  spare_.with([&](std::vector<Bytes>& spare) {
    if (spare.size() < kSavers) spare.push_back(std::move(pack.bytes));
  });
  const SteadyTime now = repository_.clock().steady_now();
  const bool due = unsaved_index_.with([&](IndexState& state) {
    if (state.packs.empty()) state.since = now;
    state.blobs += pack.blobs.size();
    state.packs.push_back({pack.id, std::move(pack.blobs)});
    return state.blobs >= kIndexBlobsMax || now - state.since >= kIndexAgeMax;
  });
  if (due) TRY(save_index());
  return {};
}

Result<void> BlobWriter::save_index() {
  const IndexState state =
      unsaved_index_.with([](IndexState& unsaved) { return std::exchange(unsaved, IndexState()); });
  if (state.packs.empty()) return {};
  if (ready_) TRY(ready_());
  const std::string name =
      TRY(repository_.save_file(storage::FileType::index, encode_index(state.packs)));
  repository_.index().add(state.packs);
  repository_.index().mark_read(name);
  taken_.with([&](auto& taken) {
    for (const IndexedPack& pack : state.packs) {
      for (const PackedBlob& blob : pack.blobs) taken.erase({blob.type, blob.id});
    }
  });
  return {};
}

Result<void> BlobWriter::finish() {
  for (auto* open : {&open_data_, &open_trees_}) {
    PackBuilder builder =
        open->with([](PackBuilder& last) { return std::exchange(last, PackBuilder()); });
    if (!builder.empty()) close(std::move(builder));
  }
  full_.close();
  for (std::thread& saver : savers_) saver.join();
  TRY(require_no_error());
  return save_index();
}

WriterStatistics BlobWriter::statistics() const {
  return statistics_.with([](const WriterStatistics& statistics) { return statistics; });
}

void BlobWriter::report(const Error& error) {
  error_.with([&](std::optional<Error>& first) {
    if (!first) first = error;
  });
}

Result<void> BlobWriter::require_no_error() const {
  return error_.with([](const std::optional<Error>& first) -> Result<void> {
    if (first) return std::unexpected(*first);
    return {};
  });
}

}  // namespace bulkhead::repository
