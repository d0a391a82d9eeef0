#include "repository/mount/blob_reader.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "repository/index.h"
#include "repository/pack.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kTreeNodesMax = 200'000;
constexpr std::uint64_t kRegionSize = 1 << 20;
constexpr std::size_t kRegionsMax = 16 << 20;  // bytes
// Larger blobs are read by themselves.
constexpr std::uint64_t kSmallBlobMax = 256 << 10;
constexpr std::size_t kPackSizesMax = 100'000;
constexpr std::size_t kEndsMax = 1'000'000;
constexpr unsigned kFetchers = 2;
constexpr std::size_t kWantedMax = 64;
// How many files ahead are got while a folder is read in order, and how many at a time: waking a
// thread for each would cost more than what it does.
constexpr std::size_t kFilesAhead = 32;
constexpr std::size_t kFilesAtOnce = 16;

bool is_first_file(const Tree& folder, std::size_t position) {
  for (std::size_t i = 0; i < position; ++i) {
    if (folder.nodes[i].type == NodeType::file) return false;
  }
  return true;
}

}  // namespace

BlobReader::BlobReader(Repository& repository, std::size_t cache_bytes)
    : repository_(repository),
      trees_(kTreeNodesMax),
      blobs_(cache_bytes),
      regions_(kRegionsMax),
      pack_sizes_(kPackSizesMax),
      ends_(kEndsMax),
      wanted_(kWantedMax) {
  for (unsigned i = 0; i < kFetchers; ++i) fetchers_.emplace_back([this] { work(); });
}

BlobReader::~BlobReader() {
  wanted_.close();
  for (std::thread& fetcher : fetchers_) fetcher.join();
}

void BlobReader::work() {
  while (const auto ids = wanted_.pop()) {
    for (const BlobId& id : *ids) {
      // Whoever then asks for it meets the same error.
      if (!blobs_.contains(id)) static_cast<void>(blob(id));
    }
  }
}

void BlobReader::prefetch(std::vector<BlobId> ids) {
  if (!ids.empty()) wanted_.try_push(std::move(ids));
}

Result<BlobReader::TreePointer> BlobReader::tree(const BlobId& id) {
  return trees_.get(
      id,
      [&]() -> Result<Tree> {
        const Bytes text = TRY(load_blob(BlobType::tree, id));
        return TRY_CONTEXT(decode_tree(as_text(text)), "tree " + id.short_hex());
      },
      [](const Tree& tree) { return tree.nodes.size() + 1; });
}

Result<BlobReader::BlobPointer> BlobReader::blob(const BlobId& id) {
  return blobs_.get(
      id, [&] { return load_blob(BlobType::data, id); },
      [](const Bytes& bytes) { return bytes.size() + 64; });
}

Result<Bytes> BlobReader::load_blob(BlobType type, const BlobId& id) {
  const std::string context = fmt::format("{} blob {}", name_of(type), id.short_hex());
  const auto location = repository_.index().find({type, id});
  if (!location) return fail(ErrorKind::not_found, context + " is in no index");
  const auto open = [&](ByteView sealed) {
    return open_blob(repository_.key(), location->blob, sealed);
  };
  return TRY_CONTEXT(with_sealed(location->pack, location->blob, open), context);
}

template <typename Use>
Result<Bytes> BlobReader::with_sealed(const PackId& pack, const PackedBlob& blob, const Use& use) {
  const storage::FileId file{storage::FileType::data, pack.to_hex()};
  const std::uint64_t end = std::uint64_t{blob.offset} + blob.sealed_size;
  if (blob.sealed_size > kSmallBlobMax) {
    return use(TRY(repository_.backend().load_part(file, blob.offset, blob.sealed_size)));
  }
  const auto size = TRY(pack_sizes_.get(
      pack, [&]() -> Result<std::uint64_t> { return TRY(repository_.backend().stat(file)).size; },
      [](std::uint64_t) { return std::size_t{1}; }));
  if (end > *size) return fail(ErrorKind::corrupt, "the pack ends before the blob does");
  Bytes out;
  out.reserve(blob.sealed_size);
  for (std::uint64_t at = blob.offset; at < end;) {
    const std::uint64_t number = at / kRegionSize;
    const std::uint64_t begin = number * kRegionSize;
    const std::uint64_t length = std::min(kRegionSize, *size - begin);
    const auto region = TRY(regions_.get(
        {pack, number}, [&] { return repository_.backend().load_part(file, begin, length); },
        [](const Bytes& bytes) { return bytes.size(); }));
    const std::uint64_t take = std::min(end, begin + length) - at;
    if (take == blob.sealed_size) return use(ByteView(*region).subspan(at - begin, take));
    const auto from = region->begin() + static_cast<std::ptrdiff_t>(at - begin);
    out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(take));
    at += take;
  }
  return use(ByteView(out));
}

Result<std::shared_ptr<const BlobReader::Ends>> BlobReader::ends_of(const Place& place,
                                                                    const Node& file) {
  return ends_.get(
      place,
      [&]() -> Result<Ends> {
        Ends ends;
        std::uint64_t end = 0;
        for (const BlobId& id : file.content) {
          end += TRY(repository_.blob_size(BlobType::data, id));
          ends.push_back(end);
        }
        return ends;
      },
      [](const Ends& ends) { return ends.size() + 1; });
}

// Where files of a folder are read one after another, the next ones are got meanwhile.
void BlobReader::expect_next(const Place& place, const Tree& folder) {
  using Range = std::pair<std::size_t, std::size_t>;
  const auto [begin, end] = ahead_.with([&](Ahead& ahead) -> Range {
    const bool same_folder = ahead.last.tree == place.tree;
    // Who begins with a folder's first file goes on with the next ones.
    const bool in_order =
        same_folder ? ahead.last.position < place.position : is_first_file(folder, place.position);
    const std::size_t from = std::max(place.position + 1, same_folder ? ahead.until : 0);
    ahead = {place, in_order ? from : 0};
    if (!in_order || from - place.position > kFilesAhead - kFilesAtOnce) return {0, 0};
    ahead.until = std::min(from + kFilesAtOnce, folder.nodes.size());
    return {from, ahead.until};
  });
  std::vector<BlobId> wanted;
  for (std::size_t i = begin; i < end; ++i) {
    const Node& next = folder.nodes[i];
    if (next.content.size() == 1) wanted.push_back(next.content.front());
  }
  prefetch(std::move(wanted));
}

Result<std::vector<BlobReader::Part>> BlobReader::read(const Place& place, std::uint64_t offset,
                                                       std::size_t length) {
  const TreePointer folder = TRY(tree(place.tree));
  const Node& file = folder->nodes[place.position];
  std::vector<Part> parts;
  if (file.content.size() <= 1) {
    expect_next(place, *folder);
    if (file.content.empty()) return parts;
    BlobPointer whole = TRY(blob(file.content.front()));
    const std::size_t begin = std::min<std::uint64_t>(offset, whole->size());
    const ByteView bytes = ByteView(*whole).subspan(begin);
    parts.push_back({std::move(whole), bytes.first(std::min(length, bytes.size()))});
    return parts;
  }
  const auto ends = TRY(ends_of(place, file));
  auto piece = static_cast<std::size_t>(std::ranges::upper_bound(*ends, offset) - ends->begin());
  while (length > 0 && piece < ends->size()) {
    if (piece + 1 < ends->size() && !blobs_.contains(file.content[piece + 1])) {
      prefetch({file.content[piece + 1]});
    }
    BlobPointer whole = TRY(blob(file.content[piece]));
    const std::uint64_t begin = piece == 0 ? 0 : (*ends)[piece - 1];
    const ByteView left = ByteView(*whole).subspan(offset - begin);
    const ByteView bytes = left.first(std::min(length, left.size()));
    parts.push_back({std::move(whole), bytes});
    offset += bytes.size();
    length -= bytes.size();
    ++piece;
  }
  return parts;
}

}  // namespace bulkhead::repository
