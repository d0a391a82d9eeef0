// Which ledger a verb reads: an estate's, or a folder that was copied from one, with the key of who
// is known to sign it. The verbs read files; neither bulkheadd nor the ledger has to be running.
#pragma once

#include <string>
#include <vector>

#include "cli/control/control.h"
#include "ledger/files.h"
#include "ledger/verify/log_folder.h"
#include "ledger/verify/tile_files.h"

namespace bulkhead::cli::ledger {

struct SourceOptions : control::EstateOptions {
  std::string folder;
  std::string key;
};
void add_source_options(Command& command, SourceOptions& options);

class Source {
 public:
  static Result<Source> open(const SourceOptions& options);

  const Path& folder() const { return folder_; }
  // The estate's folder; empty where it is a copy.
  const Path& estate() const { return estate_; }
  const bulkhead::ledger::verify::VerifierKey& key() const { return key_; }
  const std::string& key_text() const { return key_text_; }

  struct Signed {
    bulkhead::ledger::verify::Checkpoint checkpoint;
    std::string note;
  };
  // With its signature checked.
  Result<Signed> checkpoint() const;

 private:
  Path folder_;
  Path estate_;
  std::string key_text_;
  bulkhead::ledger::verify::VerifierKey key_;
};

// The text of a verifier key, or of the file that an option names.
Result<bulkhead::ledger::verify::VerifierKey> read_key(const std::string& text_or_file,
                                                       std::string& text);

// Entries one by one, each proven to be in the checkpoint before it is given out. Not thread-safe.
class ProvenEntries {
 public:
  ProvenEntries(const Path& folder, const bulkhead::ledger::verify::Checkpoint& checkpoint);
  ~ProvenEntries();

  struct Proven {
    Bytes entry;
    std::vector<bulkhead::ledger::verify::Hash> proof;
  };
  Result<Proven> at(std::uint64_t index);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::cli::ledger
