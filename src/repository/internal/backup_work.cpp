#include "repository/internal/backup_work.h"

#include <algorithm>
#include <thread>

namespace bulkhead::repository {
namespace {

// Of chunks that wait: enough that nobody runs dry while a long file is read.
std::size_t chunk_bytes_max() {
  constexpr std::size_t kEachProcessor = 3 << 20;
  static const std::size_t most =
      std::max(2u, std::thread::hardware_concurrency()) * kEachProcessor;
  return most;
}

}  // namespace

bool BackupWork::offer(Chunk& chunk) {
  const std::lock_guard lock(mutex_);
  const bool room = chunk_bytes_ == 0 || chunk_bytes_ + chunk.bytes.size() <= chunk_bytes_max();
  if (stopped_ || !room) return false;
  chunk_bytes_ += chunk.bytes.size();
  chunks_.push_back(std::move(chunk));
  changed_.notify_one();
  return true;
}

void BackupWork::add(Files files) {
  const std::lock_guard lock(mutex_);
  files_.push_back(std::move(files));
  if (waiting_ > 0) changed_.notify_one();
}

void BackupWork::add(std::vector<Folder> folders) {
  const std::lock_guard lock(mutex_);
  std::ranges::move(folders.rbegin(), folders.rend(), std::back_inserter(folders_));
  if (waiting_ > 0) changed_.notify_all();
}

void BackupWork::add_stream(std::shared_ptr<PendingFile> file) {
  const std::lock_guard lock(mutex_);
  stream_ = std::move(file);
  changed_.notify_one();
}

std::optional<BackupWork::Task> BackupWork::take_one() {
  if (!chunks_.empty()) {
    Task task(std::move(chunks_.front()));
    chunks_.pop_front();
    chunk_bytes_ -= std::get<Chunk>(task).bytes.size();
    return task;
  }
  if (stream_) return Task(std::exchange(stream_, nullptr));
  if (!files_.empty()) {
    Task task(std::move(files_.back()));
    files_.pop_back();
    return task;
  }
  if (!folders_.empty()) {
    Task task(std::move(folders_.back()));
    folders_.pop_back();
    return task;
  }
  return std::nullopt;
}

std::optional<BackupWork::Task> BackupWork::take() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (stopped_) return std::nullopt;
    if (auto task = take_one()) {
      ++active_;
      return task;
    }
    // Only who has a task makes new ones.
    if (active_ == 0) return std::nullopt;
    ++waiting_;
    changed_.wait(lock);
    --waiting_;
  }
}

void BackupWork::done() {
  const std::lock_guard lock(mutex_);
  if (--active_ == 0) changed_.notify_all();
}

void BackupWork::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

}  // namespace bulkhead::repository
