// Where entries are safe before a checkpoint covers them: journal/<first index>, frames of entries,
// one frame a group that was acknowledged together (docs/formats/ledger.md). A frame is on disk, or
// it was not acknowledged. Not thread-safe.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ledger/files.h"

namespace bulkhead::ledger {

class Journal {
 public:
  explicit Journal(Files& files) : files_(files) {}

  // The entries from `published` on, in order. A last frame that a crash cut off is left out; kind
  // corrupt where a whole frame follows one that is broken, or where entries are missing.
  Result<std::vector<Bytes>> recover(std::uint64_t published);

  // A new file for the entries from `first` on. Before the first append, and after one that failed.
  Result<void> begin(std::uint64_t first);
  Result<void> append(std::span<const Bytes> entries);
  // Of the file in use.
  std::uint64_t size() const { return size_; }

 private:
  Files& files_;
  std::string current_;  // empty: none
  std::uint64_t next_ = 0;
  std::uint64_t size_ = 0;
};

// Removes the files whose entries are all under a checkpoint of `published`, but not the last,
// which is in use. May be called beside a Journal that grows.
Result<void> remove_published(Files& files, std::uint64_t published);
Result<void> remove_journal(Files& files);

// For the fuzzer: the entries of one file's content, whose first frame has the index `first`.
struct JournalFile {
  std::vector<Bytes> entries;
  bool is_cut_off = false;
};
Result<JournalFile> parse_journal_file(ByteView content, std::uint64_t first);

}  // namespace bulkhead::ledger
