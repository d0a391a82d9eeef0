// When the vault received what: an append-only file of one JSON object a line in each repository's
// folder. Retention counts from these times and from nothing that a client says. A file's last
// receipt holds; a receipt without its file was written just before a crash and means nothing.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"

namespace bulkhead::vault {

struct Receipt {
  WallTime received;
  std::string file;  // "config", "snapshots/3f2a…"
  std::uint64_t size = 0;
  std::string client;  // the address it came from
};

// Thread-safe.
class ReceiptLog {
 public:
  // Makes the file where it is missing. A line that a crash left unfinished is ended, and so stays
  // unreadable; it belongs to nothing that was acknowledged.
  static Result<std::unique_ptr<ReceiptLog>> open(Path file);
  // On disk when this returns.
  Result<void> append(const Receipt& receipt);

 private:
  ReceiptLog(Path path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  Path path_;
  std::mutex mutex_;  // guards file_
  FileDescriptor file_;
};

// In the order of the file; lines that are not receipts are left out.
Result<std::vector<Receipt>> read_receipts(const Path& file);

}  // namespace bulkhead::vault
