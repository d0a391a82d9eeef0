// The tree of a ledger and the checkpoint over it: what was added comes to the disk with sign(),
// tiles first, so that a checkpoint never covers what is not there. Not thread-safe.
#pragma once

#include <string>
#include <vector>

#include "ledger/files.h"
#include "ledger/note_signer.h"
#include "ledger/tile_tree.h"

namespace bulkhead::ledger {

struct SignedCheckpoint {
  std::uint64_t size = 0;
  Hash root{};
  std::string text;  // the whole note
};

class SignedTree {
 public:
  // `files` outlives it.
  SignedTree(Files& files, std::string origin, NoteSigner signer);

  // What was signed before; where nothing was, the empty tree is signed. Kinds as Ledger::open().
  Result<void> open();
  void add(ByteView entry) { tree_.add(entry); }
  std::uint64_t size() const { return tree_.size(); }
  // An error leaves it as it was: the next call writes the same, and what was added since.
  Result<void> sign();
  // The newest on disk.
  const SignedCheckpoint& checkpoint() const { return checkpoint_; }

 private:
  Result<void> read_checkpoint();

  Files& files_;
  const std::string origin_;
  const NoteSigner signer_;
  TileTree tree_;
  SignedCheckpoint checkpoint_;
};

}  // namespace bulkhead::ledger
