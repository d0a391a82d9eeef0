// What there is to do in a running backup, for workers that each do all of it. The most urgent
// comes first: chunks, since they hold memory; then files; then folders, the newest first, so that
// a folder's subtree is done before its neighbours and few folders are open at once.
// Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <variant>
#include <vector>

#include "repository/internal/pending.h"

namespace bulkhead::repository {

class BackupWork {
 public:
  struct Chunk {
    std::shared_ptr<PendingFile> file;
    std::size_t position = 0;  // among the file's chunks
    Bytes bytes;               // of which the first `size` are the chunk
    std::size_t size = 0;
  };
  struct Files {
    DirectoryPointer directory;
    std::vector<std::size_t> slots;  // of its nodes
  };
  struct Folder {
    DirectoryPointer directory;
    const TargetFolder* target = nullptr;
  };
  using Task = std::variant<Chunk, Files, Folder, std::shared_ptr<PendingFile>>;

  // False where as many bytes wait as may: do it yourself. `chunk` is then untouched.
  bool offer(Chunk& chunk);
  void add(Files files);
  void add(std::vector<Folder> folders);  // the first is taken first
  void add_stream(std::shared_ptr<PendingFile> file);

  // Waits for something to do; nothing once all is done, or it was stopped. Who took a task calls
  // done() after it.
  std::optional<Task> take();
  void done();
  // Nothing more is handed out; what waits is forgotten.
  void stop();

 private:
  std::optional<Task> take_one();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Chunk> chunks_;
  std::size_t chunk_bytes_ = 0;
  std::vector<Files> files_;
  std::vector<Folder> folders_;
  std::shared_ptr<PendingFile> stream_;
  std::size_t active_ = 0;   // tasks taken and not done
  std::size_t waiting_ = 0;  // workers in take()
  bool stopped_ = false;
};

}  // namespace bulkhead::repository
