// A locked store in memory, for tests: also what the thief of a store's key does to it, and what
// its life-cycle rules take away when a lock is over.
#pragma once

#include <map>
#include <vector>

#include "base/guarded.h"
#include "storage/locked_store.h"

namespace bulkhead::storage {

class MemoryLockedStore final : public LockedStore {
 public:
  // `clock` is the store's own, and outlives it.
  explicit MemoryLockedStore(const Clock& clock) : clock_(clock) {}

  std::string location() const override { return "memory:"; }
  Result<void> put(const FileId& id, ByteView content, WallTime until) override;
  Result<NewestVersion> newest(const FileId& id) override;
  Result<void> extend(const FileId& id, const std::string& version, WallTime until) override;
  Result<std::vector<LockedVersion>> versions(FileType type) override;
  Result<std::vector<LockedVersion>> versions_of(const FileId& id) override;
  Result<Bytes> load(const FileId& id, const std::string& version) override;

  // A newer version over it, without a lock.
  void cover(const FileId& id, ByteView content);
  // A marker over it, as a plain DELETE makes.
  void hide(const FileId& id);
  // Kind denied while it is locked.
  Result<void> remove(const FileId& id, const std::string& version);
  // From then on every call fails with this kind, until none is given.
  void fail_with(std::optional<ErrorKind> kind);

 private:
  struct Version {
    std::string version;
    Bytes content;
    WallTime stored{};
    std::optional<WallTime> until;
    bool is_marker = false;
  };
  using Key = std::pair<FileType, std::string>;
  struct State {
    std::map<Key, std::vector<Version>> objects;  // the oldest first
    std::uint64_t made = 0;
    std::optional<ErrorKind> broken;
  };
  Result<void> add(const FileId& id, Version version);
  static Result<Version*> find(State& state, const FileId& id, const std::string& version);

  const Clock& clock_;
  Guarded<State> state_;
};

}  // namespace bulkhead::storage
