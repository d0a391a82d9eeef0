#include "repository/index.h"

#include <fmt/format.h>

#include "crypto/master_key.h"
#include "json/value.h"

namespace bulkhead::repository {

// By hand: an index of 50,000 blobs as json::Value would take many times its text.
std::string encode_index(const std::vector<IndexedPack>& packs) {
  std::string out = "{\"packs\":[";
  auto end = std::back_inserter(out);
  for (std::size_t i = 0; i < packs.size(); ++i) {
    fmt::format_to(end, "{}{{\"id\":\"{}\",\"blobs\":[", i == 0 ? "" : ",", packs[i].id.to_hex());
    bool first = true;
    for (const PackedBlob& blob : packs[i].blobs) {
      fmt::format_to(end, "{}{{\"id\":\"{}\",\"type\":\"{}\",\"offset\":{},\"length\":{}",
                     first ? "" : ",", blob.id.to_hex(), name_of(blob.type), blob.offset,
                     blob.sealed_size);
      if (blob.compressed()) fmt::format_to(end, ",\"uncompressed_length\":{}", blob.raw_size);
      out += '}';
      first = false;
    }
    out += "]}";
  }
  out += "]}\n";
  return out;
}

namespace {

Result<std::uint32_t> to_u32(const json::Value& value, std::string_view what) {
  const std::uint64_t number = TRY(value.to_u64(what));
  if (number > UINT32_MAX) return fail(ErrorKind::corrupt, fmt::format("{} is too large", what));
  return static_cast<std::uint32_t>(number);
}

template <typename AnyId>
Result<AnyId> to_id(const json::Value& value, std::string_view what) {
  const std::string text = TRY(value.to_string(what));
  auto id = AnyId::from_hex(text);
  if (!id) return fail(ErrorKind::corrupt, fmt::format("{} \"{}\" is not an id", what, text));
  return id;
}

Result<PackedBlob> decode_blob(const json::Value& value) {
  PackedBlob blob{};
  blob.id = TRY(to_id<BlobId>(value["id"], "a blob's id"));
  const std::string type = TRY(value["type"].to_string("a blob's type"));
  if (type != "data" && type != "tree") {
    return fail(ErrorKind::corrupt, fmt::format("blob type \"{}\" is not known", type));
  }
  blob.type = type == "tree" ? BlobType::tree : BlobType::data;
  blob.offset = TRY(to_u32(value["offset"], "a blob's offset"));
  blob.sealed_size = TRY(to_u32(value["length"], "a blob's length"));
  if (!value["uncompressed_length"].is_null()) {
    blob.raw_size = TRY(to_u32(value["uncompressed_length"], "a blob's uncompressed length"));
  }
  if (blob.sealed_size < crypto::kSealOverhead) {
    return fail(ErrorKind::corrupt,
                fmt::format("blob {} is shorter than its overhead", blob.id.to_hex()));
  }
  if (blob.plaintext_size() > kBlobSizeMax) {
    return fail(ErrorKind::corrupt, fmt::format("blob {} says it has {} bytes", blob.id.to_hex(),
                                                blob.plaintext_size()));
  }
  return blob;
}

}  // namespace

Result<std::vector<IndexedPack>> decode_index(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  std::vector<IndexedPack> packs;
  // restic writes null for an index without packs.
  if (value.is_object() && value["packs"].is_null()) return packs;
  const json::Array* list = value["packs"].array();
  if (list == nullptr) return fail(ErrorKind::corrupt, "index has no list of packs");
  for (const json::Value& item : *list) {
    IndexedPack pack;
    pack.id = TRY(to_id<PackId>(item["id"], "a pack's id"));
    const json::Array* blobs = item["blobs"].array();
    if (blobs == nullptr) {
      return fail(ErrorKind::corrupt,
                  fmt::format("pack {} has no list of blobs", pack.id.to_hex()));
    }
    for (const json::Value& blob : *blobs) pack.blobs.push_back(TRY(decode_blob(blob)));
    packs.push_back(std::move(pack));
  }
  return packs;
}

void Index::add(const IndexedPack& pack) {
  const std::lock_guard lock(mutex_);
  const auto position = static_cast<std::uint32_t>(packs_.size());
  packs_.push_back(pack.id);
  for (const PackedBlob& blob : pack.blobs) {
    const BlobKey key{blob.type, blob.id};
    const Place place{position, blob.offset, blob.sealed_size, blob.raw_size};
    const auto [at, added] = places_.try_emplace(key, place);
    if (!added && retired_.contains(packs_[at->second.pack])) at->second = place;
  }
}

std::optional<BlobLocation> Index::find(const BlobKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto at = places_.find(key);
  if (at == places_.end()) return std::nullopt;
  const Place& place = at->second;
  return BlobLocation{packs_[place.pack],
                      {key.type, key.id, place.offset, place.sealed_size, place.raw_size}};
}

void Index::retire(const PackId& pack) {
  const std::lock_guard lock(mutex_);
  retired_.insert(pack);
}

bool Index::reusable(const BlobKey& key) const {
  const std::lock_guard lock(mutex_);
  const auto at = places_.find(key);
  return at != places_.end() && !retired_.contains(packs_[at->second.pack]);
}

std::size_t Index::blob_count() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

bool Index::has_read(const std::string& index_name) const {
  const std::lock_guard lock(mutex_);
  return read_.contains(index_name);
}

void Index::mark_read(const std::string& index_name) {
  const std::lock_guard lock(mutex_);
  read_.insert(index_name);
}

bool Index::ever_loaded() const {
  const std::lock_guard lock(mutex_);
  return !read_.empty();
}

void Index::clear() {
  const std::lock_guard lock(mutex_);
  packs_.clear();
  places_.clear();
  retired_.clear();
  read_.clear();
}

}  // namespace bulkhead::repository
