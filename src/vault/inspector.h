// What the vault can tell of one repository once it may look inside (`read_key`): whether an index
// file says of the packs what they hold, whether a snapshot's time fits when it came, and which
// packs and index files the snapshots need. The names of what was looked into and is there still
// are kept in the file `inspected` beside the repository's, so that it is done once. Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/file.h"
#include "crypto/secret.h"
#include "repository/index.h"
#include "repository/repository.h"

namespace bulkhead::vault {

// How far a snapshot's own time may lie from when it was received: a backup may take long, and
// clocks differ.
inline constexpr std::chrono::hours kSnapshotAgeMax{48};
inline constexpr std::chrono::minutes kSnapshotAheadMax{15};

Result<crypto::Secret> read_password_of(const Path& file);

class Inspector {
 public:
  // Kind denied where the password opens no key of the repository; not_found before it has a
  // config.
  static Result<std::unique_ptr<Inspector>> open(const Path& repository, const Path& password);
  ~Inspector();

  // What is wrong, or nothing. An index file is compared with the packs that it names: they are
  // there, they hold the blobs that it says at the places that it says, and those blobs open and
  // hash to their ids. An error only where that could not be found out.
  Result<std::optional<std::string>> check_index(const std::string& name);
  Result<std::optional<std::string>> check_snapshot(const std::string& name, WallTime received);
  // A snapshot, or an index file that the vault itself has made, needs no further look.
  Result<void> remember(const std::string& name);
  bool is_remembered(const std::string& name);

  // Whether a stored snapshot would lose something without this pack or index file.
  Result<bool> needs(const storage::FileId& id);

 private:
  using Indexes = std::map<std::string, std::vector<repository::IndexedPack>>;
  Inspector(std::unique_ptr<repository::Repository> repository, Path inspected);
  Result<std::optional<std::string>> judge_index(const std::string& name);
  Result<void> read_inspected();
  Result<std::vector<repository::IndexedPack>> load_index(const std::string& name);
  Result<std::optional<std::string>> check_pack(const repository::IndexedPack& pack);
  Result<void> write_down(const std::string& name);
  // By its own header; nothing where its bytes are its own and yet no pack.
  Result<std::vector<repository::PackedBlob>> blobs_in(const std::string& pack);
  Result<void> refresh();
  Result<void> collect_reachable();

  std::mutex mutex_;
  const std::unique_ptr<repository::Repository> repository_;
  const Path inspected_file_;
  std::set<std::string> inspected_;
  Indexes indexes_;                     // that were found right
  std::set<std::string> packs_;         // that are there
  std::vector<std::string> snapshots_;  // of which reachable_ was collected
  std::unordered_set<repository::BlobKey> reachable_;
};

}  // namespace bulkhead::vault
