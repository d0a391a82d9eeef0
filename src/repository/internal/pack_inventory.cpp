#include "repository/internal/pack_inventory.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "repository/index.h"
#include "repository/pack.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

// Gathers entries of new index files and saves each file when it is full.
class IndexFileWriter {
 public:
  explicit IndexFileWriter(Repository& repository) : repository_(repository) {}

  Result<void> add(IndexedPack pack) {
    blobs_ += pack.blobs.size() + 1;
    packs_.push_back(std::move(pack));
    return blobs_ >= kIndexBlobsMax ? save() : Result<void>();
  }
  Result<void> add(RetiredPack pack) {
    blobs_ += pack.blobs.size() + 1;
    retired_.push_back(std::move(pack));
    return blobs_ >= kIndexBlobsMax ? save() : Result<void>();
  }
  Result<void> save() {
    if (packs_.empty() && retired_.empty()) return {};
    saved_.push_back(
        TRY(repository_.save_file(FileType::index, encode_index_with_retired(packs_, retired_))));
    packs_.clear();
    retired_.clear();
    blobs_ = 0;
    return {};
  }
  const std::vector<std::string>& saved() const { return saved_; }

 private:
  Repository& repository_;
  std::vector<IndexedPack> packs_;
  std::vector<RetiredPack> retired_;
  std::size_t blobs_ = 0;
  std::vector<std::string> saved_;
};

}  // namespace

Result<PackInventory::IndexContent> PackInventory::load(Repository& repository,
                                                        const std::string& name) {
  const std::string context = "index " + name.substr(0, 8);
  const Bytes text = TRY_CONTEXT(repository.load_file({FileType::index, name}), context);
  IndexContent content;
  content.packs = TRY_CONTEXT(decode_index(as_text(text)), context);
  content.retired = TRY_CONTEXT(decode_retired(as_text(text)), context);
  return content;
}

Result<PackInventory> PackInventory::read(Repository& repository, OnDamage on_damage,
                                          const StageObserver& progress) {
  PackInventory inventory;
  StageProgress state{.stage = "reading the index", .things = "index files"};
  const auto files = TRY_CONTEXT(repository.backend().list(FileType::index), "listing the index");
  state.total = files.size();
  for (const storage::FileInfo& info : files) {
    const auto content = load(repository, info.name);
    ++state.done;
    if (progress) progress(state);
    if (content) inventory.take(info.name, *content);
    else if (content.error().kind() == ErrorKind::not_found) continue;  // replaced meanwhile
    else if (on_damage == OnDamage::fail || content.error().kind() != ErrorKind::corrupt) {
      return std::unexpected(content.error());
    } else {
      inventory.damaged_.push_back(info.name);
    }
  }
  TRY(inventory.list_packs(repository));
  inventory.table_.finish();
  return inventory;
}

Result<PackInventory> PackInventory::read_newer(Repository& repository) const {
  PackInventory newer;
  std::set<std::string> known(damaged_.begin(), damaged_.end());
  for (const IndexFile& file : files_) known.insert(file.name);
  const auto files = TRY_CONTEXT(repository.backend().list(FileType::index), "listing the index");
  for (const storage::FileInfo& info : files) {
    if (!known.contains(info.name)) newer.take(info.name, TRY(load(repository, info.name)));
  }
  for (PackRecord& pack : newer.packs_) pack.present = true;
  newer.table_.finish();
  return newer;
}

std::uint32_t PackInventory::number(const PackId& id) {
  const auto [at, added] = numbers_.try_emplace(id, static_cast<std::uint32_t>(packs_.size()));
  if (added) packs_.push_back({.id = id});
  return at->second;
}

void PackInventory::describe(std::uint32_t pack, const std::vector<PackedBlob>& blobs) {
  PackRecord& record = packs_[pack];
  if (record.described || blobs.empty()) return;
  record.described = true;
  record.indexed_size = pack_size_of(blobs);
  record.blobs = static_cast<std::uint32_t>(blobs.size());
  for (const PackedBlob& blob : blobs) table_.add(pack, blob);
}

PackInventory::IndexFile PackInventory::mentions_of(const std::string& name,
                                                    const IndexContent& content) {
  IndexFile file{.name = name, .mentions = {}};
  for (const IndexedPack& pack : content.packs) {
    file.mentions.push_back({number(pack.id), false, {}});
  }
  for (const RetiredPack& pack : content.retired) {
    file.mentions.push_back({number(pack.id), true, pack.time});
  }
  return file;
}

void PackInventory::take(const std::string& name, const IndexContent& content) {
  for (const IndexedPack& pack : content.packs) {
    const std::uint32_t at = number(pack.id);
    PackState& state = packs_[at].state;
    if (state == PackState::unindexed) state = PackState::live;
    if (state == PackState::hidden) state = PackState::marked;
    describe(at, pack.blobs);
  }
  for (const RetiredPack& pack : content.retired) {
    const std::uint32_t at = number(pack.id);
    PackState& state = packs_[at].state;
    if (state == PackState::unindexed) state = PackState::hidden;
    if (state == PackState::live) state = PackState::marked;
    packs_[at].retired = std::max(packs_[at].retired, pack.time);
    describe(at, pack.blobs);
  }
  files_.push_back(mentions_of(name, content));
}

Result<void> PackInventory::list_packs(Repository& repository) {
  const auto files = TRY_CONTEXT(repository.backend().list(FileType::data), "listing packs");
  for (const storage::FileInfo& info : files) {
    PackRecord& pack = packs_[number(TRY(PackId::from_hex(info.name)))];
    pack.present = true;
    pack.size = info.size;
  }
  return {};
}

bool PackInventory::outdated(const IndexFile& file) const {
  return std::ranges::any_of(file.mentions, [&](const Mention& mention) {
    const PackRecord& pack = packs_[mention.pack];
    if (pack.misdescribed) return true;
    switch (pack.state) {
      case PackState::live: return mention.retired;
      case PackState::marked: return mention.retired && mention.time != pack.retired;
      case PackState::hidden: return !mention.retired || mention.time != pack.retired;
      case PackState::gone:
      case PackState::unindexed: return true;
    }
    return true;
  });
}

Result<void> PackInventory::write_index(Repository& repository, std::vector<IndexedPack> added) {
  IndexFileWriter writer(repository);
  for (const IndexedPack& pack : added) {
    PackRecord& record = packs_[number(pack.id)];
    record.state = PackState::live;
    record.present = true;
  }
  std::vector<char> listed(packs_.size());   // in `packs` of a file that stays or is new
  std::vector<char> retired(packs_.size());  // in `packs_to_delete` likewise
  for (IndexedPack& pack : added) {
    listed[number(pack.id)] = true;
    TRY(writer.add(std::move(pack)));
  }
  std::vector<std::size_t> old;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (outdated(files_[i])) {
      old.push_back(i);
      continue;
    }
    for (const Mention& mention : files_[i].mentions) {
      (mention.retired ? retired : listed)[mention.pack] = true;
    }
  }
  for (const std::size_t i : old) {
    IndexContent content = TRY(load(repository, files_[i].name));
    const auto carry = [&](PackId id, std::vector<PackedBlob>& blobs) -> Result<void> {
      const std::uint32_t at = number(id);
      const PackRecord& pack = packs_[at];
      if (blobs.empty() || pack.misdescribed) return {};
      const bool readable = pack.state == PackState::live || pack.state == PackState::marked;
      if (readable && !std::exchange(listed[at], true)) {
        return writer.add(IndexedPack{id, std::move(blobs)});
      }
      if (pack.state == PackState::hidden && !std::exchange(retired[at], true)) {
        return writer.add(RetiredPack{id, pack.retired, std::move(blobs)});
      }
      return {};
    };
    for (IndexedPack& pack : content.packs) TRY(carry(pack.id, pack.blobs));
    for (RetiredPack& pack : content.retired) TRY(carry(pack.id, pack.blobs));
  }
  // Those that only need their mark.
  for (std::size_t i = 0; i < packs_.size(); ++i) {
    const PackState state = packs_[i].state;
    if (retired[i] || (state != PackState::marked && state != PackState::hidden)) continue;
    TRY(writer.add(RetiredPack{packs_[i].id, packs_[i].retired, {}}));
  }
  TRY(writer.save());
  for (auto at = old.rbegin(); at != old.rend(); ++at) {
    const std::string& name = files_[*at].name;
    const auto removed = repository.backend().remove({FileType::index, name});
    if (!removed && removed.error().kind() != ErrorKind::not_found) {
      return std::unexpected(removed.error().with_context("removing index " + name.substr(0, 8)));
    }
    files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(*at));
  }
  for (PackRecord& pack : packs_) pack.misdescribed = false;
  for (const std::string& name : writer.saved()) {
    files_.push_back(mentions_of(name, TRY(load(repository, name))));
  }
  return {};
}

}  // namespace bulkhead::repository
