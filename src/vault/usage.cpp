#include "vault/usage.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::vault {
namespace {

using storage::FileType;

enum class Direction { up, down };

void change(UsageSums& sums, FileType type, std::uint64_t size, Direction direction) {
  // A file that had decayed to a shorter one and was mended goes with more than it was counted
  // with.
  const auto move = [&](std::uint64_t& sum, std::uint64_t by) {
    sum = direction == Direction::up ? sum + by : sum - std::min(sum, by);
  };
  move(sums.bytes, size);
  move(sums.objects, 1);
  if (type == FileType::key) move(sums.keys, 1);
  if (type == FileType::lock) move(sums.locks, 1);
}

bool exceeds(std::uint64_t used, std::uint64_t more, std::uint64_t limit) {
  return limit > 0 && (used >= limit || more > limit - used);
}

}  // namespace

Reservation::~Reservation() {
  if (usage_ == nullptr) return;
  usage_->sums_.with([&](UsageSums& sums) {
    sums.bytes_arriving -= size_;
    change(sums, type_, size_, Direction::down);
  });
}

void Reservation::keep() {
  if (Usage* const usage = std::exchange(usage_, nullptr)) {
    usage->sums_.with([&](UsageSums& sums) { sums.bytes_arriving -= size_; });
  }
}

Result<Reservation> Usage::reserve(FileType type, std::uint64_t size, Quotas quotas) {
  return sums_.with([&](UsageSums& sums) -> Result<Reservation> {
    if (quotas == Quotas::kept) TRY(check(sums, type, size));
    change(sums, type, size, Direction::up);
    sums.bytes_arriving += size;
    return Reservation(*this, type, size);
  });
}

Result<void> Usage::check(const UsageSums& sums, FileType type, std::uint64_t size) const {
  if (size > 0 && exceeds(sums.bytes, size, limits_.bytes)) {
    return fail(
        ErrorKind::limit,
        fmt::format("the quota of {} bytes is used; ask the vault's administrator", limits_.bytes));
  }
  if (exceeds(sums.objects, 1, limits_.objects)) {
    return fail(ErrorKind::limit,
                fmt::format("the quota of {} objects is used; ask the vault's administrator",
                            limits_.objects));
  }
  // restic tries few keys only and pays each one's scrypt: a client that could add keys for ever
  // could lock everybody out.
  if (type == FileType::key && exceeds(sums.keys, 1, limits_.keys)) {
    return fail(ErrorKind::denied, "the repository holds as many keys as it may");
  }
  if (type == FileType::lock && exceeds(sums.locks, 1, limits_.locks)) {
    return fail(ErrorKind::limit,
                "the repository holds too many locks; restic unlock removes "
                "those that are stale");
  }
  return {};
}

void Usage::add(FileType type, std::uint64_t size) {
  sums_.with([&](UsageSums& sums) { change(sums, type, size, Direction::up); });
}

void Usage::remove(FileType type, std::uint64_t size) {
  sums_.with([&](UsageSums& sums) { change(sums, type, size, Direction::down); });
}

void Usage::forget(const UsageSums& gone) {
  sums_.with([&](UsageSums& sums) {
    // What was arriving gives its own part back.
    sums.bytes -= gone.bytes - gone.bytes_arriving;
    sums.objects -= gone.objects;
    sums.keys -= gone.keys;
    sums.locks -= gone.locks;
  });
}

UsageSums Usage::sums() const {
  return sums_.with([](const UsageSums& sums) { return sums; });
}

}  // namespace bulkhead::vault
