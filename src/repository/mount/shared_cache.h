// Values that cost something to get, by key: got once, whoever asks meanwhile waits, and the ones
// used least recently go first when the cache is full. Thread-safe.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "base/result.h"

namespace bulkhead::repository {

template <typename Key, typename Value, typename Hash = std::hash<Key>>
class SharedCache {
 public:
  using Pointer = std::shared_ptr<const Value>;

  explicit SharedCache(std::size_t cost_max) : cost_max_(cost_max) {}

  // `load` answers the value, `cost` what it weighs. An error is kept by nobody.
  template <typename Load, typename Cost>
  Result<Pointer> get(const Key& key, const Load& load, const Cost& cost) {
    const std::shared_ptr<Slot> slot = slot_for(key);
    const std::lock_guard loading(slot->mutex);
    if (slot->value) return slot->value;
    Result<Value> loaded = load();
    if (!loaded) {
      drop(key, slot);
      return std::unexpected(std::move(loaded).error());
    }
    slot->value = std::make_shared<const Value>(*std::move(loaded));
    keep(key, slot, cost(*slot->value));
    return slot->value;
  }

  bool contains(const Key& key) const {
    const std::lock_guard lock(mutex_);
    return slots_.contains(key);
  }

 private:
  struct Slot {
    std::mutex mutex;  // held while it is loaded
    Pointer value;
    std::size_t cost = 0;
    typename std::list<Key>::iterator place;
  };

  std::shared_ptr<Slot> slot_for(const Key& key) {
    const std::lock_guard lock(mutex_);
    auto& slot = slots_[key];
    if (!slot) {
      slot = std::make_shared<Slot>();
      slot->place = recent_.insert(recent_.begin(), key);
    } else {
      recent_.splice(recent_.begin(), recent_, slot->place);
    }
    return slot;
  }

  void keep(const Key& key, const std::shared_ptr<Slot>& slot, std::size_t cost) {
    const std::lock_guard lock(mutex_);
    const auto at = slots_.find(key);
    if (at == slots_.end() || at->second != slot) return;  // gone already
    slot->cost = cost;
    cost_ += cost;
    // The newest stays, whatever it weighs.
    while (cost_ > cost_max_ && recent_.size() > 1) {
      const auto oldest = slots_.find(recent_.back());
      cost_ -= oldest->second->cost;
      slots_.erase(oldest);
      recent_.pop_back();
    }
  }

  void drop(const Key& key, const std::shared_ptr<Slot>& slot) {
    const std::lock_guard lock(mutex_);
    const auto at = slots_.find(key);
    if (at == slots_.end() || at->second != slot) return;
    recent_.erase(slot->place);
    slots_.erase(at);
  }

  const std::size_t cost_max_;
  mutable std::mutex mutex_;
  std::list<Key> recent_;  // the newest first
  std::unordered_map<Key, std::shared_ptr<Slot>, Hash> slots_;
  std::size_t cost_ = 0;
};

}  // namespace bulkhead::repository
