#include "ledger/verify/inclusion_file.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::ledger::verify {
namespace {

constexpr std::string_view kFirstLine = "c2sp.org/tlog-proof@v1";
// A tree of 2^63 entries is no higher.
constexpr std::size_t kProofHashesMax = 63;

std::unexpected<Error> broken(std::string_view what) {
  return fail(ErrorKind::corrupt, fmt::format("the proof's {}", what));
}

}  // namespace

Result<InclusionFile> parse_inclusion_file(std::string_view text) {
  auto line = split_once(text, '\n');
  if (!line || line->first != kFirstLine) {
    return broken(fmt::format("first line is not {}", kFirstLine));
  }
  InclusionFile file;
  line = split_once(line->second, '\n');
  if (!line || !line->first.starts_with("extra ")) return broken("entry (\"extra\") is missing");
  file.entry = TRY_CONTEXT(from_base64(line->first.substr(6)), "the proof's entry");
  line = split_once(line->second, '\n');
  if (!line || !line->first.starts_with("index ")) return broken("index is missing");
  file.index = TRY_CONTEXT(parse_decimal(line->first.substr(6)), "the proof's index");
  for (;;) {
    line = split_once(line->second, '\n');
    if (!line) return broken("checkpoint is missing");
    if (line->first.empty()) break;
    if (file.proof.size() == kProofHashesMax) return broken("hashes are too many");
    const Hash hash = TRY_CONTEXT(parse_hash(line->first), "the proof");
    file.proof.push_back(hash);
  }
  file.checkpoint = line->second;
  return file;
}

Result<Checkpoint> verify_inclusion_file(const InclusionFile& file, const VerifierKey& key) {
  const Note note = TRY_CONTEXT(parse_note(file.checkpoint), "checkpoint");
  TRY_CONTEXT(verify_signature(note, key), "checkpoint");
  Checkpoint checkpoint = TRY_CONTEXT(parse_checkpoint(note.text), "checkpoint");
  TRY(verify_inclusion(file.index, checkpoint.size, leaf_hash(file.entry), file.proof,
                       checkpoint.root));
  return checkpoint;
}

}  // namespace bulkhead::ledger::verify
