#include "repository/internal/repacker.h"

#include <algorithm>
#include <span>
#include <thread>

#include <fmt/format.h>

#include "repository/compression.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

// Of one read: large enough to be worth a request, small enough to hold one in each thread.
constexpr std::uint64_t kReadSizeMax = 4 << 20;
// Cheaper to read over than to ask again.
constexpr std::uint64_t kReadGapMax = 128 << 10;

std::uint64_t end_of(const PackedBlob& blob) {
  return std::uint64_t{blob.offset} + blob.sealed_size;
}

bool is_damage(const Error& error) {
  return error.kind() == ErrorKind::corrupt || error.kind() == ErrorKind::not_found;
}

std::uint64_t bytes_of(const RepackSource& source) {
  std::uint64_t bytes = 0;
  for (const PackedBlob& blob : source.blobs) bytes += blob.sealed_size;
  return bytes;
}

// As many of the blobs, which ascend by their offsets, as are read at once.
std::span<const PackedBlob> first_read(std::span<const PackedBlob> blobs) {
  std::size_t count = 1;
  while (count < blobs.size() && blobs[count].offset <= end_of(blobs[count - 1]) + kReadGapMax &&
         end_of(blobs[count]) - blobs.front().offset <= kReadSizeMax) {
    ++count;
  }
  return blobs.first(count);
}

}  // namespace

Result<void> Repacker::copy(const RepackSource& source) {
  const storage::FileId file{FileType::data, source.pack.to_hex()};
  for (std::span<const PackedBlob> rest(source.blobs); !rest.empty();) {
    const std::span<const PackedBlob> together = first_read(rest);
    rest = rest.subspan(together.size());
    const std::uint64_t begin = together.front().offset;
    const std::uint64_t end = end_of(together.back());
    const Bytes bytes = TRY(repository_.backend().load_part(file, begin, end - begin));
    std::vector<Opened> opened;
    for (const PackedBlob& blob : together) {
      opened.push_back(
          TRY(reopen(blob, ByteView(bytes).subspan(blob.offset - begin, blob.sealed_size))));
    }
    const auto kept = keep(std::move(opened));
    // No damage of the source: what lies in the same new pack would be lost with it, if this went
    // on with the next source.
    if (!kept && is_damage(kept.error())) return fail(ErrorKind::io, kept.error().message());
    TRY(kept);
  }
  return {};
}

Result<void> Repacker::copy(const RepackSource& source, ByteView pack) {
  std::vector<Opened> opened;
  for (const PackedBlob& blob : source.blobs) {
    if (std::uint64_t{blob.offset} + blob.sealed_size > pack.size()) {
      return fail(ErrorKind::corrupt, "the pack ends within a blob");
    }
    opened.push_back(TRY(reopen(blob, pack.subspan(blob.offset, blob.sealed_size))));
  }
  return keep(std::move(opened));
}

Result<Repacker::Opened> Repacker::reopen(const PackedBlob& blob, ByteView sealed) const {
  const Bytes plaintext =
      TRY_CONTEXT(open_blob(repository_.key(), blob, sealed),
                  fmt::format("{} blob {}", name_of(blob.type), blob.id.short_hex()));
  if (recompress_ == Recompress::no || blob.compressed() || plaintext.empty()) {
    return Opened{blob, sealed};
  }
  // Even where it does not shrink: else it would be tried again each time.
  const int level = repository_.options().compression == Compression::maximum
                        ? kCompressionLevelMaximum
                        : kCompressionLevelAutomatic;
  Opened opened{blob, {}, repository_.key().seal(compress(plaintext, level), repository_.random())};
  opened.sealed = opened.own;
  opened.blob.raw_size = static_cast<std::uint32_t>(plaintext.size());
  opened.blob.sealed_size = static_cast<std::uint32_t>(opened.sealed.size());
  return opened;
}

Result<void> Repacker::keep(std::vector<Opened> opened) {
  for (const Opened& one : opened) {
    for (PackBuilder& full : TRY(open_.add(one.blob, one.sealed))) TRY(save(std::move(full)));
  }
  return {};
}

Result<void> Repacker::save(PackBuilder builder) {
  PackBuilder::Finished pack =
      TRY(PackBuilder::finish(std::move(builder), repository_.key(), repository_.random()));
  TRY_CONTEXT(repository_.backend().save_file({FileType::data, pack.id.to_hex()}, pack.file),
              "saving pack " + pack.id.short_hex());
  const bool due = state_.with([&](State& state) {
    state.blobs += pack.blobs.size();
    state.unindexed.push_back({pack.id, std::move(pack.blobs)});
    return state.blobs >= kIndexBlobsMax;
  });
  return due ? save_index() : Result<void>();
}

Result<void> Repacker::save_index() {
  std::vector<IndexedPack> packs = state_.with([](State& state) {
    state.blobs = 0;
    return std::exchange(state.unindexed, {});
  });
  if (packs.empty()) return {};
  TRY(repository_.save_file(FileType::index, encode_index(packs)));
  return {};
}

Result<void> Repacker::finish() {
  for (PackBuilder& builder : TRY(open_.take_all())) TRY(save(std::move(builder)));
  return save_index();
}

Result<DamagedSources> copy_all(Repacker& repacker, const std::vector<RepackSource>& sources,
                                const RepackOptions& options) {
  struct Outcome {
    DamagedSources damaged;
    std::optional<Error> fatal;
    StageProgress progress{.stage = "packing anew", .things = "packs"};
  };
  Guarded<Outcome> outcome;
  outcome.with([&](Outcome& out) {
    out.progress.total = sources.size();
    for (const RepackSource& source : sources) out.progress.bytes_total += bytes_of(source);
  });
  std::atomic<std::size_t> next{0};
  std::atomic<bool> stopped{false};
  const auto work = [&] {
    for (std::size_t i = next++; i < sources.size(); i = next++) {
      if (stopped || (options.cancel && *options.cancel)) return;
      const auto copied = repacker.copy(sources[i]);
      outcome.with([&](Outcome& out) {
        ++out.progress.done;
        out.progress.bytes_done += bytes_of(sources[i]);
        if (options.progress) options.progress(out.progress);
        if (copied) return;
        if (is_damage(copied.error())) {
          out.damaged.emplace_back(i, copied.error());
        } else {
          out.fatal = copied.error();
          stopped = true;
        }
      });
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1u, options.threads); ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (options.cancel && *options.cancel) return fail(ErrorKind::unavailable, "cancelled");
  return outcome.with([](Outcome& out) -> Result<DamagedSources> {
    if (out.fatal) return std::unexpected(*out.fatal);
    return std::move(out.damaged);
  });
}

}  // namespace bulkhead::repository
