#include "repository/index.h"

#include <algorithm>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

#include "base/log.h"
#include "json/value.h"
#include "repository/internal/blob_table.h"
#include "repository/internal/index_cache.h"
#include "repository/internal/plain_index.h"

namespace bulkhead::repository {
namespace {

// Blobs that are added one pack after another wait in a map until there are so many.
constexpr std::size_t kRecentMax = 50'000;
constexpr std::size_t kWorthATable = 4'000;
// In an index file: ids of 64 digits, numbers of up to ten, and their names.
constexpr std::size_t kPackTextMax = 96;
constexpr std::size_t kBlobTextMax = 176;
// Blobs that the cache may lack: reading an index file of so many takes some milliseconds.
constexpr std::size_t kCacheLackMin = 2'000;

}  // namespace

// By hand: an index of 25,000 blobs as json::Value would take many times its text.
std::string encode_index(const std::vector<IndexedPack>& packs) {
  const auto append_number = [](std::string& out, std::string_view key, std::uint64_t value) {
    const fmt::format_int digits(value);
    out += key;
    out.append(digits.data(), digits.size());
  };
  std::size_t size_max = 32;
  for (const IndexedPack& pack : packs) {
    size_max += kPackTextMax + pack.blobs.size() * kBlobTextMax;
  }
  std::string out;
  out.reserve(size_max);
  out = "{\"packs\":[";
  for (std::size_t i = 0; i < packs.size(); ++i) {
    out += i == 0 ? "{\"id\":\"" : ",{\"id\":\"";
    append_hex(out, packs[i].id.bytes());
    out += "\",\"blobs\":[";
    bool first = true;
    for (const PackedBlob& blob : packs[i].blobs) {
      out += first ? "{\"id\":\"" : ",{\"id\":\"";
      append_hex(out, blob.id.bytes());
      out += blob.type == BlobType::tree ? "\",\"type\":\"tree\"" : "\",\"type\":\"data\"";
      append_number(out, ",\"offset\":", blob.offset);
      append_number(out, ",\"length\":", blob.sealed_size);
      if (blob.compressed()) append_number(out, ",\"uncompressed_length\":", blob.raw_size);
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
  TRY(require_possible_blob(blob));
  return blob;
}

}  // namespace

Result<std::vector<IndexedPack>> decode_index(std::string_view text) {
  if (auto plain = read_plain_index(text)) return std::move(plain->packs);
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

struct Index::State {
  std::vector<PackId> packs;
  std::vector<BlobTable> tables;  // the largest first
  // Every place of a blob, like the tables: a check asks for each (holds).
  std::unordered_multimap<BlobKey, BlobTable::Place> recent;
  std::set<PackId> retired;
  std::set<std::string> read;
  std::size_t cached = 0;  // blobs that the cache on disk has

  void add_table(BlobTable table);
  void settle_recent();
  template <typename Function>
  void for_places_of(const BlobKey& key, Function&& function) const;
};

// Each blob is moved at most once for each doubling of the index.
void Index::State::add_table(BlobTable table) {
  while (!tables.empty() && tables.back().owns_its_bytes() &&
         tables.back().size() < table.size() * 2) {
    table = BlobTable::merge(tables.back(), table);
    tables.pop_back();
  }
  if (table.size() > 0) tables.push_back(std::move(table));
}

void Index::State::settle_recent() {
  std::vector<BlobTable::Row> rows;
  rows.reserve(recent.size());
  for (const auto& [key, place] : recent) rows.push_back({key.id, place});
  recent = {};
  add_table(BlobTable::from(std::move(rows)));
}

// Calls until it answers true.
template <typename Function>
void Index::State::for_places_of(const BlobKey& key, Function&& function) const {
  for (const BlobTable& table : tables) {
    const auto [first, last] = table.find(key.id);
    for (std::size_t row = first; row < last; ++row) {
      const BlobTable::Place place = table.place(row);
      if (place.type() == key.type && function(place)) return;
    }
  }
  const auto [first, last] = recent.equal_range(key);
  for (auto at = first; at != last; ++at) {
    if (function(at->second)) return;
  }
}

Index::Index() : state_(std::make_unique<State>()) {}
Index::~Index() = default;

void Index::add(const IndexedPack& pack) {
  const std::lock_guard lock(mutex_);
  const auto position = static_cast<std::uint32_t>(state_->packs.size());
  state_->packs.push_back(pack.id);
  for (const PackedBlob& blob : pack.blobs) {
    state_->recent.emplace(BlobKey{blob.type, blob.id}, BlobTable::Place::of(blob, position));
  }
  if (state_->recent.size() > kRecentMax) state_->settle_recent();
}

void Index::add(std::span<const IndexedPack> packs) {
  std::size_t count = 0;
  for (const IndexedPack& pack : packs) count += pack.blobs.size();
  if (count < kWorthATable) {
    for (const IndexedPack& pack : packs) add(pack);
    return;
  }
  const std::lock_guard lock(mutex_);
  std::vector<BlobTable::Row> rows;
  rows.reserve(count);
  for (const IndexedPack& pack : packs) {
    const auto position = static_cast<std::uint32_t>(state_->packs.size());
    state_->packs.push_back(pack.id);
    for (const PackedBlob& blob : pack.blobs) {
      rows.push_back({blob.id, BlobTable::Place::of(blob, position)});
    }
  }
  state_->add_table(BlobTable::from(std::move(rows)));
}

std::optional<BlobLocation> Index::find(const BlobKey& key) const {
  const std::shared_lock lock(mutex_);
  std::optional<BlobLocation> found;
  state_->for_places_of(key, [&](const BlobTable::Place& place) {
    const PackId& pack = state_->packs[place.pack()];
    const bool retired = state_->retired.contains(pack);
    if (!found || !retired) found = BlobLocation{pack, place.blob(key.id)};
    return !retired;
  });
  return found;
}

void Index::retire(const PackId& pack) {
  const std::lock_guard lock(mutex_);
  state_->retired.insert(pack);
}

bool Index::reusable(const BlobKey& key) const {
  const std::shared_lock lock(mutex_);
  bool found = false;
  state_->for_places_of(key, [&](const BlobTable::Place& place) {
    found = !state_->retired.contains(state_->packs[place.pack()]);
    return found;
  });
  return found;
}

bool Index::holds(const PackId& pack, const PackedBlob& blob) const {
  const std::shared_lock lock(mutex_);
  bool held = false;
  state_->for_places_of({blob.type, blob.id}, [&](const BlobTable::Place& place) {
    held = state_->packs[place.pack()] == pack && place.blob(blob.id) == blob;
    return held;
  });
  return held;
}

std::size_t Index::blob_count() const {
  const std::shared_lock lock(mutex_);
  std::size_t count = state_->recent.size();
  for (const BlobTable& table : state_->tables) count += table.size();
  return count;
}

bool Index::has_read(const std::string& index_name) const {
  const std::shared_lock lock(mutex_);
  return state_->read.contains(index_name);
}

void Index::mark_read(const std::string& index_name) {
  const std::lock_guard lock(mutex_);
  state_->read.insert(index_name);
}

bool Index::ever_loaded() const {
  const std::shared_lock lock(mutex_);
  return !state_->read.empty();
}

void Index::clear() {
  const std::lock_guard lock(mutex_);
  *state_ = State();
}

void Index::load_cache(const Path& folder, const crypto::MasterKey& key,
                       const std::vector<std::string>& index_names) {
  const std::lock_guard lock(mutex_);
  if (!state_->read.empty() || !state_->packs.empty()) return;
  auto cached = read_index_cache(folder, key);
  if (!cached) {
    if (cached.error().kind() == ErrorKind::not_found) return;
    return log::warning("the cached index is not used", {{"why", cached.error().message()}});
  }
  const std::set<std::string> there(index_names.begin(), index_names.end());
  if (!std::ranges::includes(there, cached->index_names)) return;
  state_->read = std::move(cached->index_names);
  state_->packs = std::move(cached->packs);
  state_->retired = std::move(cached->retired);
  state_->cached = cached->table.size();
  if (state_->cached > 0) state_->tables.push_back(std::move(cached->table));
}

void Index::save_cache(const Path& folder, const crypto::MasterKey& key) {
  const std::lock_guard lock(mutex_);
  std::size_t count = state_->recent.size();
  for (const BlobTable& table : state_->tables) count += table.size();
  // What the cache does not have is read anew each time: up to so much is quicker than writing.
  const std::size_t lacking = count - std::min(count, state_->cached);
  if (lacking <= std::max(kCacheLackMin, state_->cached / 8)) return;
  state_->settle_recent();
  while (state_->tables.size() > 1) {
    BlobTable last = std::move(state_->tables.back());
    state_->tables.pop_back();
    state_->tables.back() = BlobTable::merge(state_->tables.back(), last);
  }
  const auto saved = write_index_cache(folder, key, state_->read, state_->packs, state_->retired,
                                       state_->tables.front());
  if (!saved) log::warning("the index is not cached", {{"why", saved.error().message()}});
  state_->cached = state_->tables.front().size();
  // From now on the memory is the cache's, which the system may take back.
  auto mapped = saved ? read_index_cache(folder, key) : std::unexpected(saved.error());
  if (mapped && mapped->packs == state_->packs && mapped->table.size() == state_->cached) {
    state_->tables.front() = std::move(mapped->table);
  }
}

}  // namespace bulkhead::repository
