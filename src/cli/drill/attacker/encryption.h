// What the attack does to a dataset: each file is encrypted in place under a key that nobody keeps,
// renamed to NAME.q7x4, and a note is left at the end, so that neither name warns before the damage
// does. It can reach nothing outside the folder: every path is resolved by the kernel beneath it,
// and no symbolic link is followed (openat2(2)).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/random.h"

namespace bulkhead::cli::drill::attacker {

inline constexpr std::string_view kLockedSuffix = ".q7x4";
inline constexpr std::string_view kNoteName = "HOW-TO-RECOVER-YOUR-FILES.txt";

struct Pace {
  std::uint64_t files_per_second = 250;
  std::uint64_t bytes_per_second = 60ull << 20;
};

struct Damage {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t failures = 0;
};

class Encryption {
 public:
  // `keep`: names in the folder's top that are left alone, such as the drill's marker.
  static Result<Encryption> create(const Path& folder, std::vector<std::string> keep, Pace pace,
                                   Random& random);

  // Every regular file; `progress` is told after each.
  Damage run(const std::function<void(const Damage&)>& progress);

 private:
  Encryption() = default;
  bool is_kept(const Path& relative) const;
  Result<std::uint64_t> encrypt(const Path& relative);
  void keep_pace(const Damage& damage, std::chrono::steady_clock::time_point start) const;

  Path folder_;
  FileDescriptor top_;
  std::vector<std::string> keep_;
  Pace pace_;
  Bytes key_;
  std::uint64_t nonce_ = 0;
};

}  // namespace bulkhead::cli::drill::attacker
