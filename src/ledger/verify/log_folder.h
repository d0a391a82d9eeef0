// Checks a whole log that lies in a folder (checkpoint, tile/…) against the key of its owner, and
// against what witnesses remember of it. What is wrong is named with the first bad place: the
// file, and the entry where there is one.
//
// How a place is found: the signed root is compared with the root of the entries, and with the
// root of the tiles. Where the entries lead to it, a tile that differs from them is bad; where the
// tiles do, each tile is held to the hash in the tile above, and each entry to its leaf. Where
// neither does, entries and tiles were rewritten together, or the checkpoint is another log's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "ledger/verify/checkpoint.h"

namespace bulkhead::ledger::verify {

// A checkpoint of the same log that came another way: from a witness, or kept from earlier. It is
// the caller who vouches for it.
struct Remembered {
  std::string by;  // "the witness vault.example"
  std::uint64_t size = 0;
  Hash root{};
};

struct FolderOptions {
  Path folder;
  std::string origin;  // empty: any
  VerifierKey key;
  std::vector<VerifierKey> witnesses;  // those that have to have cosigned the checkpoint
  std::vector<Remembered> remembered;
  // Called for each entry in order; an error makes the entry the bad place.
  std::function<Result<void>(std::uint64_t index, ByteView entry)> on_entry;
};

struct BadPlace {
  std::string file;                    // "tile/entries/000.p/17", "checkpoint"
  std::optional<std::uint64_t> entry;  // the first entry that it concerns
  std::string what;
  std::string describe() const;
};

struct FolderReport {
  Checkpoint checkpoint;
  struct Cosigned {
    std::string by;
    std::uint64_t time = 0;  // seconds since 1970
  };
  std::vector<Cosigned> cosigned;
  std::uint64_t entries_read = 0;
  std::optional<BadPlace> bad;  // nothing: all is as it was signed
};

// An error only where the folder itself cannot be read.
Result<FolderReport> verify_folder(const FolderOptions& options);

}  // namespace bulkhead::ledger::verify
