// When a repository's file may be deleted: never before its period is over, counted from when it
// was received, and not while a snapshot may need it. Without a look inside the vault cannot know
// what a snapshot needs, so everything that was there before it is kept as long as it is.
// Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "storage/backend.h"

namespace bulkhead::vault {

struct DeletionCase {
  storage::FileId id;
  // The vault may replace an index file that it made itself before its period is over: it holds
  // nothing that came from anybody.
  enum class By { client, vault } by = By::client;
  WallTime now;  // the receive clock's expiry time
  std::vector<storage::FileInfo> snapshots;
  // By a look inside; empty where the vault has no read key.
  std::function<Result<bool>(const storage::FileId&)> needed;
};

class RetentionLock {
 public:
  // `own` is whom receipts of what the vault made name.
  RetentionLock(Path receipts, std::optional<std::chrono::milliseconds> period,
                std::string_view own)
      : receipts_(std::move(receipts)), period_(period), own_name_(own) {}

  // Kind denied, with the reason and, where there is one, the time.
  Result<void> check(const DeletionCase& deletion);
  // Whether its own period is over; false also where that cannot be found out.
  bool is_released(const storage::FileId& id, WallTime now);

 private:
  struct Key {
    storage::FileType type;
    std::array<std::uint8_t, 32> digest;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  static std::optional<Key> key_of(const storage::FileId& id);
  // What was received since the last time.
  Result<void> read_new();
  std::optional<WallTime> received(const storage::FileId& id) const;

  const Path receipts_;
  const std::optional<std::chrono::milliseconds> period_;
  const std::string own_name_;
  std::mutex mutex_;
  std::uint64_t read_ = 0;  // bytes of the receipts' file
  std::unordered_map<Key, WallTime, KeyHash> times_;
  std::unordered_set<Key, KeyHash> own_;  // index files that the vault made
};

}  // namespace bulkhead::vault
