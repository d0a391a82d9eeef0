#include "storage/retrying.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/log.h"
#include "base/random.h"

namespace bulkhead::storage {
namespace {

class RetryingBackend final : public Backend {
 public:
  RetryingBackend(std::unique_ptr<Backend> backend, const RetryOptions& options)
      : backend_(std::move(backend)), options_(options) {
    if (!options_.pause) {
      options_.pause = [stop = options_.stop](std::chrono::milliseconds time) {
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any().wait_for(lock, stop, time, [] { return false; });
      };
    }
  }

  std::string location() const override { return backend_->location(); }
  Result<void> create() override {
    return again([&] { return backend_->create(); });
  }
  Result<void> save(const FileId& id, ByteView content) override {
    return again([&] { return backend_->save(id, content); });
  }
  Result<void> replace(const FileId& id, ByteView content) override {
    return again([&] { return backend_->replace(id, content); });
  }
  Result<UnnamedFile> begin_file() override { return backend_->begin_file(); }
  Result<void> save_file(const FileId& id, const UnnamedFile& file) override {
    return again([&] { return backend_->save_file(id, file); });
  }
  Result<Bytes> load(const FileId& id) override {
    return again([&] { return backend_->load(id); });
  }
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override {
    return again([&] { return backend_->load_part(id, offset, length); });
  }
  Result<void> load_part_into(const FileId& id, std::uint64_t offset,
                              MutableByteView out) override {
    return again([&] { return backend_->load_part_into(id, offset, out); });
  }
  Result<FileInfo> stat(const FileId& id) override {
    return again([&] { return backend_->stat(id); });
  }
  Result<std::vector<FileInfo>> list(FileType type) override {
    return again([&] { return backend_->list(type); });
  }
  Result<void> remove(const FileId& id) override {
    bool tried = false;
    return again([&]() -> Result<void> {
      auto removed = backend_->remove(id);
      // Gone since the attempt before, whose answer was lost.
      if (!removed && tried && removed.error().kind() == ErrorKind::not_found) return {};
      tried = true;
      return removed;
    });
  }

 private:
  template <typename Call>
  auto again(const Call& call) -> decltype(call()) {
    std::chrono::milliseconds pause = options_.first_pause;
    for (int attempt = 1;; ++attempt) {
      auto result = call();
      if (result || result.error().retry() == Retry::no || attempt >= options_.attempts_max) {
        return result;
      }
      log::debug("trying again", {{"error", result.error().message()}});
      options_.pause(pause - std::chrono::milliseconds(random_.below(pause.count() / 2 + 1)));
      if (options_.stop.stop_requested()) return result;
      pause = std::min(pause * 2, options_.pause_max);
    }
  }

  const std::unique_ptr<Backend> backend_;
  RetryOptions options_;
  SystemRandom random_;
};

}  // namespace

std::unique_ptr<Backend> with_retries(std::unique_ptr<Backend> backend,
                                      const RetryOptions& options) {
  return std::make_unique<RetryingBackend>(std::move(backend), options);
}

}  // namespace bulkhead::storage
