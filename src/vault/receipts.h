// When the vault received what: an append-only file of one JSON object a line in each repository's
// folder. Retention counts from these times and from nothing that a client says. A file's last
// receipt holds; a receipt without its file was written just before a crash and means nothing.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "vault/file_layer.h"

namespace bulkhead::vault {

struct Receipt {
  WallTime received;
  std::string file;  // "config", "snapshots/3f2a…"
  std::uint64_t size = 0;
  std::string client;  // the address it came from
};

// Thread-safe. Appenders that come at the same time share one sync.
class ReceiptLog {
 public:
  // Makes the file where it is missing. A line that a crash left unfinished is ended, and so stays
  // unreadable; it belongs to nothing that was acknowledged.
  static Result<std::unique_ptr<ReceiptLog>> open(Path file, FileLayer& files);
  // On disk when this returns. After a sync that failed nobody knows what is on the disk: from then
  // on every call fails, until the log is opened again.
  Result<void> append(const Receipt& receipt);
  // The same in two steps, so that other files come to the disk between them: what sync() has to be
  // told of the receipt.
  Result<std::uint64_t> write(const Receipt& receipt);
  Result<void> sync(std::uint64_t written);

 private:
  ReceiptLog(Path path, FileDescriptor file, FileLayer& files)
      : path_(std::move(path)), files_(files), file_(std::move(file)) {}
  Path path_;
  FileLayer& files_;
  std::mutex mutex_;  // guards what follows
  FileDescriptor file_;
  std::uint64_t written_ = 0;  // receipts
  std::uint64_t synced_ = 0;
  bool syncing_ = false;
  bool broken_ = false;
  bool torn_ = false;  // the last line may be unfinished
  std::condition_variable changed_;
};

// In the order of the file, from a byte that begins a line; lines that are not receipts are left
// out, and so is a last one without its end. Answers where the next call goes on.
Result<std::uint64_t> for_each_receipt(const Path& file, std::uint64_t from,
                                       const std::function<void(const Receipt&)>& visit);
Result<std::vector<Receipt>> read_receipts(const Path& file);

}  // namespace bulkhead::vault
