#include "repository/internal/blob_writer.h"

#include "base/check.h"
#include "repository/compression.h"

namespace bulkhead::repository {
namespace {

constexpr unsigned kSavers = 2;
// restic's: an index file that is so old is closed, however short.
constexpr std::chrono::minutes kIndexAgeMax{10};
// Scratch of an unusual blob is not kept.
constexpr std::size_t kScratchKeptMax = 4 << 20;

}  // namespace

BlobWriter::BlobWriter(Repository& repository, std::function<Result<void>()> ready)
    : repository_(repository),
      ready_(std::move(ready)),
      open_(repository),
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
  for (PackBuilder& full : TRY(open_.add(blob, sealed))) close(std::move(full));
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
  PackBuilder::Finished pack =
      TRY(PackBuilder::finish(std::move(builder), repository_.key(), repository_.random()));
  TRY_CONTEXT(
      repository_.backend().save_file({storage::FileType::data, pack.id.to_hex()}, pack.file),
      "saving pack " + pack.id.short_hex());
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
  auto last = open_.take_all();
  if (last) {
    for (PackBuilder& builder : *last) close(std::move(builder));
  }
  full_.close();
  for (std::thread& saver : savers_) saver.join();
  TRY(require_no_error());
  if (!last) return std::unexpected(last.error());
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
