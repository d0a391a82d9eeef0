#include "cli/ledger/source.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ledger/prover.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::ledger {
namespace verify = bulkhead::ledger::verify;
namespace {

constexpr std::size_t kKeySizeMax = 4096;

}  // namespace

void add_source_options(Command& command, SourceOptions& options) {
  control::add_estate_option(command, options);
  command.option("--folder", options.folder, "A copy of a ledger, in place of an estate's");
  command.option("--key", options.key,
                 "The verifier key of the ledger, or a file with it; an estate's own otherwise");
}

Result<verify::VerifierKey> read_key(const std::string& text_or_file, std::string& text) {
  text = text_or_file;
  if (const auto file = read_text_file(text_or_file, kKeySizeMax)) text = trim(*file);
  return verify::parse_verifier_key(text);
}

Result<Source> Source::open(const SourceOptions& options) {
  const supervisor::Layout layout(options.estate);
  Source source;
  source.folder_ = options.folder.empty() ? layout.ledger() : Path(options.folder);
  if (options.folder.empty()) source.estate_ = options.estate;
  std::string key = options.key;
  if (key.empty() && options.folder.empty()) key = layout.ledger_verifier_key().native();
  if (key.empty()) {
    return fail(ErrorKind::invalid,
                "name the key that the copy has to be signed with: --key FILE (the estate's "
                "ledger.vkey)");
  }
  source.key_ = TRY(read_key(key, source.key_text_));
  return source;
}

Result<Source::Signed> Source::checkpoint() const {
  const Path file = folder_ / "checkpoint";
  Signed out;
  out.note = TRY(read_text_file(file, verify::kNoteSizeMax));
  const verify::Note note = TRY_CONTEXT(verify::parse_note(out.note), file.native());
  TRY_CONTEXT(verify::verify_signature(note, key_), file.native());
  out.checkpoint = TRY_CONTEXT(verify::parse_checkpoint(note.text), file.native());
  return out;
}

struct ProvenEntries::State {
  State(const Path& folder, const verify::Checkpoint& of)
      : checkpoint(of), tiles(folder), files(folder), prover(files, of.size) {}

  const verify::Checkpoint checkpoint;
  const verify::TileFiles tiles;
  bulkhead::ledger::LocalFiles files;
  bulkhead::ledger::Prover prover;
  std::uint64_t bundle_index = UINT64_MAX;
  verify::Entries bundle;
};

ProvenEntries::ProvenEntries(const Path& folder, const verify::Checkpoint& checkpoint)
    : state_(std::make_unique<State>(folder, checkpoint)) {}

ProvenEntries::~ProvenEntries() = default;

Result<ProvenEntries::Proven> ProvenEntries::at(std::uint64_t index) {
  State& state = *state_;
  const std::uint64_t size = state.checkpoint.size;
  Proven out{.entry = {}, .proof = TRY(state.prover.inclusion(index))};
  const std::uint64_t wanted = index / verify::kTileWidth;
  const std::uint64_t width = std::min(size - wanted * verify::kTileWidth, verify::kTileWidth);
  if (state.bundle_index != wanted) {
    state.bundle = state.tiles.entries(wanted, width);
    state.bundle_index = wanted;
  }
  const std::string file = verify::entries_name(wanted, width);
  if (index % verify::kTileWidth >= state.bundle.entries.size()) {
    return fail(ErrorKind::corrupt, fmt::format("{}: {}", file, state.bundle.defect));
  }
  out.entry = state.bundle.entries[index % verify::kTileWidth];
  TRY_CONTEXT(verify::verify_inclusion(index, size, verify::leaf_hash(out.entry), out.proof,
                                       state.checkpoint.root),
              fmt::format("{}, entry {} (bulkhead ledger verify says more)", file, index));
  return out;
}

}  // namespace bulkhead::cli::ledger
