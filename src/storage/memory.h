// A repository in memory, for tests and for what need not outlive the process.
#pragma once

#include <map>

#include "base/guarded.h"
#include "storage/backend.h"

namespace bulkhead::storage {

class MemoryBackend final : public Backend {
 public:
  std::string location() const override { return "memory:"; }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;
  Result<void> replace(const FileId& id, ByteView content) override;

  // Puts other bytes under an existing name, as a decaying disk does. For tests.
  void overwrite(const FileId& id, Bytes content);

 private:
  using Key = std::pair<FileType, std::string>;
  Guarded<std::map<Key, Bytes>> files_;
};

}  // namespace bulkhead::storage
