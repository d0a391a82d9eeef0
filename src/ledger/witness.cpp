#include "ledger/witness.h"

#include <fmt/format.h>

#include "base/check.h"

namespace bulkhead::ledger {
namespace {

WitnessAnswer refused(int status, std::string_view why) {
  return {.status = status, .body = fmt::format("{}\n", why)};
}

// By one of the log's keys, and wrongly by none of them.
bool is_signed_by_log(const verify::Note& note, const WitnessedLog& log) {
  bool is_signed = false;
  for (const verify::VerifierKey& key : log.keys) {
    const auto verified = verify::verify_signature(note, key);
    if (!verified && verified.error().kind() != ErrorKind::not_found) return false;
    is_signed = is_signed || verified;
  }
  return is_signed;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

std::string origin_hash(std::string_view origin) {
  return to_hex(crypto::sha256(as_bytes(origin)));
}

Witness::Witness(Path folder, NoteSigner signer, const Clock& clock)
    : folder_(std::move(folder)), signer_(std::move(signer)), clock_(clock) {
  CHECK(signer_.kind() == SignerKind::witness);
}

Result<std::unique_ptr<Witness>> Witness::open(Path folder, NoteSigner signer,
                                               std::vector<WitnessedLog> logs, const Clock& clock) {
  std::unique_ptr<Witness> witness(new Witness(std::move(folder), std::move(signer), clock));
  for (WitnessedLog& log : logs) {
    const std::string what = fmt::format("witnessing {}", log.origin);
    TRY_CONTEXT(witness->take_up(std::move(log)), what);
  }
  return witness;
}

Result<void> Witness::take_up(WitnessedLog known) {
  const std::string hash = origin_hash(known.origin);
  Log log{.known = std::move(known), .latest = {}, .note = {}};
  log.latest.root = verify::empty_root();
  TRY(make_directories(file_of(hash).parent_path(), 0700));
  // A folder that a crash took away would be a log that was forgotten.
  TRY(sync_directory(folder_));
  TRY(sync_directory(folder_.parent_path()));
  auto text = read_text_file(file_of(hash), verify::kNoteSizeMax);
  if (!text && text.error().kind() != ErrorKind::not_found) return std::unexpected(text.error());
  if (text) {
    const verify::Note note = TRY_CONTEXT(verify::parse_note(*text), file_of(hash).native());
    const verify::VerifierKey own = TRY(verify::parse_verifier_key(signer_.verifier_key()));
    const auto time = verify::verify_cosignature(note, own);
    if (!time) {
      return fail(ErrorKind::corrupt,
                  fmt::format("{}: {}", file_of(hash).native(), time.error().message()));
    }
    log.latest = TRY_CONTEXT(verify::parse_checkpoint(note.text), file_of(hash).native());
    log.note = std::move(*text);
  }
  logs_.insert_or_assign(hash, std::move(log));
  return {};
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
  const auto request = parse_add_checkpoint(body);
  if (!request) return refused(400, request.error().message());
  const auto note = verify::parse_note(request->checkpoint);
  if (!note) return refused(400, note.error().message());
  const std::lock_guard lock(mutex_);
  const auto found = logs_.find(origin_hash(first_line(note->text)));
  if (found == logs_.end()) return refused(404, "no log of this origin is known here");
  Log& log = found->second;
  if (!is_signed_by_log(*note, log.known)) {
    return refused(403, fmt::format("not signed by a key of {}", log.known.origin));
  }
  const auto checkpoint = verify::parse_checkpoint(note->text);
  if (!checkpoint) return refused(400, checkpoint.error().message());
  const std::uint64_t known_size = log.latest.size;
  WitnessAnswer answer = grow(log, *checkpoint, *note, *request);
  answer.origin = log.known.origin;
  answer.known_size = known_size;
  answer.shown_size = checkpoint->size;
  if (answer.status == 422) answer.disagreement = Disagreement::forked;
  if (checkpoint->size < known_size) answer.disagreement = Disagreement::rolled_back;
  return answer;
}

WitnessAnswer Witness::grow(Log& log, const verify::Checkpoint& checkpoint,
                            const verify::Note& note, const AddCheckpoint& request) {
  if (request.old_size > checkpoint.size) {
    return refused(400, "the old size is above that of the checkpoint");
  }
  if (request.old_size != log.latest.size) {
    return {.status = 409,
            .content_type = "text/x.tlog.size",
            .body = fmt::format("{}\n", log.latest.size)};
  }
  if (checkpoint.size == 0 && checkpoint.root != verify::empty_root()) {
    return refused(422, "a log without entries has another root than that");
  }
  const auto consistent = verify::verify_consistency(
      request.old_size, checkpoint.size, log.latest.root, checkpoint.root, request.proof);
  if (!consistent) return refused(422, consistent.error().message());
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.now().time_since_epoch());
  const std::string cosignature =
      signer_.cosign(note.text, static_cast<std::uint64_t>(now.count()));
  // Signatures of others are not kept: this witness does not know what they say.
  std::string kept = note.text + "\n";
  for (const verify::NoteSignature& signature : note.signatures) {
    for (const verify::VerifierKey& key : log.known.keys) {
      if (signature.name != key.name || signature.key_id != key.id) continue;
      Bytes bytes;
      for (int shift = 24; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<std::uint8_t>(key.id >> shift));
      }
      bytes.insert(bytes.end(), signature.signature.begin(), signature.signature.end());
      kept += fmt::format("\u2014 {} {}\n", key.name, to_base64(bytes));
    }
  }
  kept += cosignature;
  const auto written = write_file_atomic(file_of(origin_hash(checkpoint.origin)), as_bytes(kept));
  if (!written) return refused(500, written.error().message());
  log.latest = checkpoint;
  log.note = std::move(kept);
  return {.body = cosignature};
}

Result<std::string> Witness::checkpoint(std::string_view hash) const {
  const std::lock_guard lock(mutex_);
  const auto found = logs_.find(hash);
  if (found != logs_.end() && !found->second.note.empty()) return found->second.note;
  return fail(ErrorKind::not_found, "no checkpoint of such a log was cosigned here");
}

}  // namespace bulkhead::ledger
