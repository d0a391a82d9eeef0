#include "ledger/signed_tree.h"

#include <fmt/format.h>

#include "base/log.h"
#include "ledger/verify/checkpoint.h"

namespace bulkhead::ledger {
namespace {

constexpr std::string_view kCheckpoint = "checkpoint";
constexpr std::size_t kCheckpointSizeMax = 64 * 1024;

}  // namespace

SignedTree::SignedTree(Files& files, std::string origin, NoteSigner signer)
    : files_(files), origin_(std::move(origin)), signer_(std::move(signer)) {}

Result<void> SignedTree::open() {
  const auto found = read_checkpoint();
  if (found || found.error().kind() != ErrorKind::not_found) return found;
  for (const char* folder : {"tile/entries", "tile/0", "journal"}) {
    const std::vector<std::string> names = TRY(files_.list(folder));
    if (names.empty()) continue;
    return fail(ErrorKind::corrupt,
                fmt::format("the checkpoint is missing, but {} is not empty: put the checkpoint "
                            "back, or keep the folder as evidence and begin another",
                            folder));
  }
  return sign();
}

Result<void> SignedTree::read_checkpoint() {
  const std::string name(kCheckpoint);
  const Bytes bytes = TRY(files_.read(name, kCheckpointSizeMax));
  const verify::Note note = TRY_CONTEXT(verify::parse_note(as_text(bytes)), name);
  const verify::VerifierKey own = TRY(verify::parse_verifier_key(signer_.verifier_key()));
  const auto is_own = verify::verify_signature(note, own);
  if (!is_own) {
    return fail(ErrorKind::denied, fmt::format("{}: {}; nothing is added to a ledger that this key "
                                               "did not sign",
                                               name, is_own.error().message()));
  }
  const verify::Checkpoint parsed = TRY_CONTEXT(verify::parse_checkpoint(note.text), name);
  if (parsed.origin != origin_) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is of the log {}, not of {}", name, parsed.origin, origin_));
  }
  tree_ = TRY(TileTree::read(files_, parsed.size));
  if (tree_.root() != parsed.root) {
    return fail(ErrorKind::corrupt,
                "the tiles are not those that the checkpoint was signed for: bulkhead ledger "
                "verify names the first bad place");
  }
  checkpoint_ = {parsed.size, parsed.root, std::string(as_text(bytes))};
  return {};
}

Result<void> SignedTree::sign() {
  const std::vector<Files::NewFile> tiles = tree_.unwritten();
  if (!tiles.empty()) TRY(files_.put(tiles));
  SignedCheckpoint next{tree_.size(), tree_.root(), {}};
  const std::string text = fmt::format("{}\n{}\n{}\n", origin_, next.size, to_base64(next.root));
  next.text = fmt::format("{}\n{}", text, signer_.sign(text));
  const Files::NewFile file{std::string(kCheckpoint), to_bytes(next.text)};
  TRY(files_.put({&file, 1}));
  checkpoint_ = std::move(next);
  const std::vector<std::string> outgrown = tree_.outgrown();
  tree_.mark_written();
  // What stays behind does no harm, so it is no reason to fail.
  for (const std::string& folder : outgrown) {
    const auto removed = files_.remove(folder);
    if (!removed) log::warning("removing outgrown tiles", {{"why", removed.error().message()}});
  }
  return {};
}

}  // namespace bulkhead::ledger
