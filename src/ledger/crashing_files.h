// Files in memory that end like a machine that lost its power, for tests: the call of a given
// number does only a part of its work, and no later call does anything. What is on the Disk is what
// the next start finds.
#pragma once

#include <map>
#include <mutex>

#include "ledger/files.h"

namespace bulkhead::ledger {

// Thread-safe; outlives the CrashingFiles on it.
class Disk {
 public:
  std::map<std::string, Bytes> files() const {
    const std::lock_guard lock(mutex_);
    return files_;
  }
  void set(std::map<std::string, Bytes> files) {
    const std::lock_guard lock(mutex_);
    files_ = std::move(files);
  }
  // As ordinary files, for who reads folders.
  Result<void> write_to(const Path& folder) const;

 private:
  friend class CrashingFiles;
  mutable std::mutex mutex_;
  std::map<std::string, Bytes> files_;
};

enum class Partly {
  nothing,  // the call did nothing
  all,      // all of it is on disk, and the answer is lost
  first,    // the first half: of the files, or of the bytes
  last,     // the last half of the files; or all bytes, the first half of them zero
};

class CrashingFiles final : public Files {
 public:
  static constexpr std::uint64_t kNever = UINT64_MAX;
  // What happens at the changing call (put, append, remove) of the number `at`, from 0: the end of
  // the world, or an error once.
  enum class Then { crash, go_on };
  CrashingFiles(Disk& disk, std::uint64_t at = kNever, Partly partly = Partly::nothing,
                Then then = Then::crash)
      : disk_(disk), at_(at), partly_(partly), then_(then) {}

  Result<Bytes> read(const std::string& name, std::size_t size_max) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;
  Result<void> put(std::span<const NewFile> files) override;
  Result<void> append(const std::string& name, ByteView content) override;
  Result<void> remove(const std::string& name) override;

 private:
  // What to do of this call; `all` without an error where nothing is wrong. Under the disk's mutex,
  // as are the calls themselves: they are in one order, also from several threads.
  Partly next(bool& fails);

  Disk& disk_;
  const std::uint64_t at_;
  const Partly partly_;
  const Then then_;
  std::uint64_t calls_ = 0;
  bool crashed_ = false;
};

}  // namespace bulkhead::ledger
