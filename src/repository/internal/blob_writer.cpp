#include "repository/internal/blob_writer.h"

#include <array>

#include "base/check.h"
#include "repository/compression.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kSealedQueueLength = 16;
constexpr std::size_t kFullQueueLength = 1;
constexpr unsigned kSavers = 2;
// restic's: an index file is closed at so many blobs, or when it is so old.
constexpr std::size_t kIndexBlobsMax = 50'000;
constexpr std::chrono::minutes kIndexAgeMax{10};

}  // namespace

BlobWriter::BlobWriter(Repository& repository)
    : repository_(repository), sealed_(kSealedQueueLength), full_(kFullQueueLength) {
  packer_ = std::thread([this] { pack_blobs(); });
  for (unsigned i = 0; i < kSavers; ++i) savers_.emplace_back([this] { save_packs(); });
}

BlobWriter::~BlobWriter() {
  sealed_.close();
  full_.close();
  if (packer_.joinable()) packer_.join();
  for (std::thread& saver : savers_) {
    if (saver.joinable()) saver.join();
  }
}

Result<BlobId> BlobWriter::store(BlobType type, ByteView plaintext) {
  TRY(require_no_error());
  const BlobKey key{type, BlobId::of(plaintext)};
  const bool ours = taken_.with([&](auto& taken) { return taken.insert(key).second; }) &&
                    !repository_.index().reusable(key);
  if (!ours) return key.id;
  PackedBlob blob{.type = type, .id = key.id};
  Bytes bytes = seal(blob, plaintext);
  statistics_.with([&](WriterStatistics& statistics) {
    ++(type == BlobType::data ? statistics.data_blobs : statistics.tree_blobs);
    statistics.bytes_added += plaintext.size();
    statistics.bytes_packed += bytes.size();
  });
  if (!sealed_.push({blob, std::move(bytes)})) {
    TRY(require_no_error());
    return fail(ErrorKind::internal, "blob stored after the end of the backup");
  }
  return key.id;
}

Bytes BlobWriter::seal(PackedBlob& blob, ByteView plaintext) {
  const Compression compression = repository_.options().compression;
  const bool tree = blob.type == BlobType::tree;
  const bool wanted =
      repository_.version() >= 2 && !plaintext.empty() && (tree || compression != Compression::off);
  Bytes sealed;
  if (wanted) {
    const Bytes compressed =
        compress(plaintext, compression == Compression::maximum ? kCompressionLevelMaximum
                                                                : kCompressionLevelAutomatic);
    // Data that does not shrink is kept plain: reading it back is then cheaper.
    if (tree || compressed.size() < plaintext.size()) {
      blob.raw_size = static_cast<std::uint32_t>(plaintext.size());
      sealed = repository_.key().seal(compressed, repository_.random());
    }
  }
  if (sealed.empty()) sealed = repository_.key().seal(plaintext, repository_.random());
  blob.sealed_size = static_cast<std::uint32_t>(sealed.size());
  return sealed;
}

void BlobWriter::pack_blobs() {
  // Data and trees never share a pack (design.rst, "Pack Format", version 2).
  std::array<PackBuilder, 2> open;
  while (auto sealed = sealed_.pop()) {
    PackBuilder& builder = open[static_cast<std::size_t>(sealed->blob.type)];
    if (builder.would_overflow(sealed->bytes.size())) {
      full_.push(std::exchange(builder, PackBuilder()));
    }
    builder.add(sealed->blob, sealed->bytes);
    if (builder.size() >= repository_.options().pack_size) {
      full_.push(std::exchange(builder, PackBuilder()));
    }
  }
  for (PackBuilder& builder : open) {
    if (!builder.empty()) full_.push(std::move(builder));
  }
}

void BlobWriter::save_packs() {
  while (auto builder = full_.pop()) {
    if (!require_no_error()) continue;
    const auto saved = save_pack(*std::move(builder));
    if (!saved) report(saved.error());
  }
}

Result<void> BlobWriter::save_pack(PackBuilder builder) {
  PackBuilder::Finished pack = builder.finish(repository_.key(), repository_.random());
  TRY_CONTEXT(repository_.backend().save({storage::FileType::data, pack.id.to_hex()}, pack.bytes),
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
  const std::string name =
      TRY(repository_.save_file(storage::FileType::index, encode_index(state.packs)));
  repository_.index().mark_read(name);
  for (const IndexedPack& pack : state.packs) repository_.index().add(pack);
  return {};
}

Result<void> BlobWriter::finish() {
  CHECK(packer_.joinable());
  sealed_.close();
  packer_.join();
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
