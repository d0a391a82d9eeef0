#include "vault/incoming_files.h"

#include <algorithm>

#include "base/random.h"

namespace bulkhead::vault {
namespace {

// A repository that takes in little holds few; a busy one syncs the folder once for so many.
constexpr std::size_t kMadeAtOnceMax = 64;
constexpr std::size_t kNameBytes = 16;

}  // namespace

IncomingFile::~IncomingFile() {
  if (files_ != nullptr) (void)files_->remove(path_);
}

Result<void> IncomingFile::seal() {
  TRY(files_->seal(file_.get()));
  return file_.close();
}

IncomingFiles::~IncomingFiles() {
  for (const Path& path : ready_) (void)files_.remove(path);
}

Result<IncomingFile> IncomingFiles::take() {
  std::unique_lock lock(mutex_);
  while (ready_.empty()) {
    if (making_) {
      changed_.wait(lock);
    } else {
      TRY(make_more(lock));
    }
  }
  Path path = std::move(ready_.back());
  ready_.pop_back();
  // Before the last one is taken, so that nobody has to wait. Where it fails, who needs one fails.
  if (!making_ && ready_.size() < made_at_once_ / 4) (void)make_more(lock);
  lock.unlock();
  FileDescriptor file = TRY(files_.reopen(path));
  return IncomingFile(std::move(path), std::move(file), files_);
}

Result<void> IncomingFiles::make_more(std::unique_lock<std::mutex>& lock) {
  making_ = true;
  const std::size_t count = made_at_once_;
  lock.unlock();
  std::vector<Path> made;
  const auto make = [&]() -> Result<void> {
    for (std::size_t i = 0; i < count; ++i) {
      Path path = folder_ / to_hex(SystemRandom().bytes(kNameBytes));
      FileDescriptor file = TRY(files_.create(path));
      made.push_back(std::move(path));
      TRY(file.close());
    }
    return files_.sync_folder(folder_);
  };
  auto done = make();
  if (!done) {
    for (const Path& path : made) (void)files_.remove(path);
  }
  lock.lock();
  making_ = false;
  if (done) {
    std::ranges::move(made, std::back_inserter(ready_));
    made_at_once_ = std::min(made_at_once_ * 2, kMadeAtOnceMax);
  }
  changed_.notify_all();
  return done;
}

}  // namespace bulkhead::vault
