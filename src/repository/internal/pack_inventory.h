// What a repository holds in packs, as its index files and the list of its packs say together, for
// those who rearrange them: prune and repair. Index files are read one at a time; what stays in
// memory is the table of blobs, an entry a pack, and a few bytes each time an index names one.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "repository/internal/copy_table.h"
#include "repository/repository.h"
#include "repository/retired_packs.h"
#include "repository/stage_progress.h"

namespace bulkhead::repository {

enum class PackState {
  unindexed,  // in no index file
  live,       // in `packs` alone
  marked,     // in `packs` and `packs_to_delete`
  hidden,     // in `packs_to_delete` alone
  gone,       // not in the store any more, and to be named nowhere
};

struct PackRecord {
  PackId id;
  PackState state = PackState::unindexed;
  WallTime retired{};              // since when it is marked or hidden
  bool present = false;            // the store has the file
  bool described = false;          // its blobs are known
  bool misdescribed = false;       // what index files say of it is wrong, and goes
  std::uint64_t size = 0;          // of the file
  std::uint64_t indexed_size = 0;  // as its blobs account for
  std::uint32_t blobs = 0;
};

class PackInventory {
 public:
  enum class OnDamage { fail, skip };
  // Index files, then the list of packs. An index file that cannot be read is an error, or is kept
  // in damaged_index_files().
  static Result<PackInventory> read(Repository& repository, OnDamage on_damage = OnDamage::fail,
                                    const StageObserver& progress = {});

  CopyTable& table() { return table_; }
  const CopyTable& table() const { return table_; }
  std::vector<PackRecord>& packs() { return packs_; }
  const std::vector<PackRecord>& packs() const { return packs_; }
  std::size_t index_file_count() const { return files_.size(); }
  const std::vector<std::string>& damaged_index_files() const { return damaged_; }

  // Index files that came since, by themselves.
  Result<PackInventory> read_newer(Repository& repository) const;

  // Makes the index say what packs() says, and `added` besides: new index files first, then the
  // old ones that say otherwise are removed. At no moment does a pack that stays lack an entry.
  Result<void> write_index(Repository& repository, std::vector<IndexedPack> added = {});

 private:
  struct Mention {
    std::uint32_t pack;
    bool retired;  // in packs_to_delete
    WallTime time;
  };
  struct IndexFile {
    std::string name;
    std::vector<Mention> mentions;
  };
  struct IndexContent {
    std::vector<IndexedPack> packs;
    std::vector<RetiredPack> retired;
  };

  static Result<IndexContent> load(Repository& repository, const std::string& name);
  IndexFile mentions_of(const std::string& name, const IndexContent& content);
  void take(const std::string& name, const IndexContent& content);
  void describe(std::uint32_t pack, const std::vector<PackedBlob>& blobs);
  Result<void> list_packs(Repository& repository);
  std::uint32_t number(const PackId& id);
  bool outdated(const IndexFile& file) const;

  CopyTable table_;
  std::vector<PackRecord> packs_;
  std::unordered_map<PackId, std::uint32_t> numbers_;
  std::vector<IndexFile> files_;
  std::vector<std::string> damaged_;
};

}  // namespace bulkhead::repository
