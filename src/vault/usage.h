// How much a repository, or the whole vault, holds and may hold. Room is reserved before the first
// byte of an upload is read and either kept or given back, so that uploads that come at the same
// time cannot pass a limit together. Thread-safe.
#pragma once

#include <cstdint>
#include <utility>

#include "base/guarded.h"
#include "base/result.h"
#include "storage/backend.h"

namespace bulkhead::vault {

// 0: no limit.
struct UsageLimits {
  std::uint64_t bytes = 0;
  std::uint64_t objects = 0;
  std::uint64_t keys = 0;
  std::uint64_t locks = 0;
};

struct UsageSums {
  std::uint64_t bytes = 0;
  std::uint64_t objects = 0;
  std::uint64_t keys = 0;
  std::uint64_t locks = 0;
  // Of uploads under way: their bytes are in `bytes`, and not yet on the disk.
  std::uint64_t bytes_arriving = 0;
};

class Usage;

// Given back at its end unless it was kept. Move-only; the Usage must outlive it.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Usage& usage, storage::FileType type, std::uint64_t size)
      : usage_(&usage), type_(type), size_(size) {}
  Reservation(Reservation&& other) noexcept
      : usage_(std::exchange(other.usage_, nullptr)), type_(other.type_), size_(other.size_) {}
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation();
  void keep();

 private:
  Usage* usage_ = nullptr;
  storage::FileType type_ = storage::FileType::data;
  std::uint64_t size_ = 0;
};

enum class Quotas { kept, passed };

class Usage {
 public:
  explicit Usage(UsageLimits limits) : limits_(limits) {}

  // Kind limit where bytes, objects or locks have run out; denied for keys, which a client must not
  // try again.
  Result<Reservation> reserve(storage::FileType type, std::uint64_t size,
                              Quotas quotas = Quotas::kept);
  // What lies there already, whatever the limits say.
  void add(storage::FileType type, std::uint64_t size);
  void remove(storage::FileType type, std::uint64_t size);
  // What a repository held that is gone.
  void forget(const UsageSums& sums);
  UsageSums sums() const;
  const UsageLimits& limits() const { return limits_; }

 private:
  friend class Reservation;
  Result<void> check(const UsageSums& sums, storage::FileType type, std::uint64_t size) const;
  const UsageLimits limits_;
  Guarded<UsageSums> sums_;
};

}  // namespace bulkhead::vault
