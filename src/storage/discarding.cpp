#include "storage/discarding.h"

#include "storage/file_names.h"

namespace bulkhead::storage {
namespace {

class DiscardingBackend final : public Backend {
 public:
  explicit DiscardingBackend(std::unique_ptr<Backend> backend) : backend_(std::move(backend)) {}

  std::string location() const override { return backend_->location(); }
  Result<void> create() override { return {}; }
  Result<void> save(const FileId& id, ByteView) override { return require_file_name(id); }
  Result<Bytes> load(const FileId& id) override { return backend_->load(id); }
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override {
    return backend_->load_part(id, offset, length);
  }
  Result<FileInfo> stat(const FileId& id) override { return backend_->stat(id); }
  Result<std::vector<FileInfo>> list(FileType type) override { return backend_->list(type); }
  Result<void> remove(const FileId& id) override { return require_file_name(id); }
  Result<void> replace(const FileId& id, ByteView) override { return require_file_name(id); }

 private:
  const std::unique_ptr<Backend> backend_;
};

}  // namespace

std::unique_ptr<Backend> without_writing(std::unique_ptr<Backend> backend) {
  return std::make_unique<DiscardingBackend>(std::move(backend));
}

}  // namespace bulkhead::storage
