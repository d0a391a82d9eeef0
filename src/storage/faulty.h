// A backend that fails on purpose, for tests: each call is put to a decision, which a test makes
// from a seed or a count. A crash lets nothing through from then on, like a killed process or a
// lost link; what lies behind is then what a restart finds.
#pragma once

#include <atomic>
#include <functional>
#include <memory>

#include "storage/backend.h"

namespace bulkhead::storage {

enum class Operation { create, save, load, load_part, stat, list, remove };

enum class Fault {
  none,
  fail_before,   // nothing happens; the error says that trying again may help
  fail_after,    // it happens, and the answer is lost
  denied,        // nothing happens, and never will
  flip_bit,      // what is loaded has one bit changed
  crash_before,  // this call and all later ones fail
  crash_after,   // this call happens, its answer is lost, and all later ones fail
};

struct Call {
  Operation operation;
  FileId id;             // of list: the type alone
  std::uint64_t number;  // from 0, over all calls
};

class FaultyBackend final : public Backend {
 public:
  // Called from whichever thread calls the backend, from several at once.
  using Decision = std::function<Fault(const Call&)>;
  // `backend` outlives this; several may stand in front of one.
  FaultyBackend(Backend& backend, Decision decision)
      : backend_(backend), decision_(std::move(decision)) {}

  std::string location() const override { return backend_.location(); }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;
  Result<void> replace(const FileId& id, ByteView content) override;

  bool crashed() const { return crashed_; }
  std::uint64_t calls() const { return calls_; }

 private:
  template <typename Action>
  auto with_fault(Operation operation, const FileId& id, const Action& action)
      -> decltype(action());

  Backend& backend_;
  const Decision decision_;
  std::atomic<std::uint64_t> calls_{0};
  std::atomic<bool> crashed_{false};
};

}  // namespace bulkhead::storage
