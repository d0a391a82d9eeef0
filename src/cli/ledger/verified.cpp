#include "cli/ledger/verified.h"

#include <fmt/format.h>

#include "base/text.h"
#include "supervisor/control/witness_client.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::ledger {
namespace verify = bulkhead::ledger::verify;
namespace {

using Keys = std::vector<verify::VerifierKey>;

struct Told {
  verify::Remembered remembered;
  std::uint64_t time = 0;
};

// A checkpoint that came another way: of this ledger by its signature, and of who remembers it by
// its cosignature, where witnesses are named.
Result<Told> read_note(std::string_view text, const std::string& from,
                       const verify::VerifierKey& key, const Keys& witnesses) {
  const verify::Note note = TRY_CONTEXT(verify::parse_note(text), from);
  TRY_CONTEXT(verify::verify_signature(note, key), from);
  const verify::Checkpoint checkpoint = TRY_CONTEXT(verify::parse_checkpoint(note.text), from);
  Told out{.remembered = {.by = from, .size = checkpoint.size, .root = checkpoint.root}};
  for (const verify::VerifierKey& witness : witnesses) {
    out.time = TRY_CONTEXT(verify::verify_cosignature(note, witness), from);
    out.remembered.by = fmt::format("{} (on {})", witness.name, time_text(out.time));
  }
  return out;
}

Result<std::string> ask_vault(const Path& estate_folder, const std::string& origin) {
  const supervisor::Estate estate = TRY(supervisor::read_estate(estate_folder));
  supervisor::WitnessClient client(estate, supervisor::Layout(estate_folder));
  return client.checkpoint(origin);
}

// What the estate's vault says, and what it said: both have to be the beginning of the ledger.
Result<void> gather(const Source& source, const Keys& keys, AskWitness ask, VerifiedLedger& out,
                    std::vector<verify::Remembered>& remembered) {
  const auto take = [&](std::string_view text, const std::string& from,
                        bool was_asked) -> Result<void> {
    const Told told = TRY(read_note(text, from, source.key(), keys));
    if (was_asked || !out.witnessed) {
      out.witnessed = {keys.front().name, told.remembered.size, told.time, was_asked};
    }
    remembered.push_back(told.remembered);
    return {};
  };
  const supervisor::Layout layout(source.estate());
  auto asked = ask == AskWitness::yes
                   ? ask_vault(source.estate(), source.key().name)
                   : Result<std::string>(fail(ErrorKind::unavailable, "it was not to be asked"));
  if (asked) {
    TRY(take(*asked, "what the vault has seen", true));
  } else {
    out.witness_problem = asked.error().message();
  }
  const auto kept = read_text_file(layout.ledger_cosigned(), verify::kNoteSizeMax);
  if (kept) return take(*kept, layout.ledger_cosigned().native(), false);
  if (kept.error().kind() != ErrorKind::not_found) return std::unexpected(kept.error());
  return {};
}

// The keys of who has to have cosigned; none where the estate knows no witness.
Result<Keys> witnesses_of(const Source& source, const VerifyOptions& options) {
  if (!options.witnesses.empty() || source.estate().empty()) return options.witnesses;
  const supervisor::Layout layout(source.estate());
  const auto text = read_text_file(layout.witness_verifier_key(), verify::kNoteSizeMax);
  if (!text && text.error().kind() == ErrorKind::not_found) return Keys{};
  if (!text) return std::unexpected(text.error());
  const auto key = verify::parse_verifier_key(trim(*text));
  if (!key)
    return std::unexpected(key.error().with_context(layout.witness_verifier_key().native()));
  return Keys{*key};
}

}  // namespace

std::string time_text(std::uint64_t seconds) {
  // What is beyond the year 2262 does not fit our times, and is no time of a cosignature.
  constexpr std::uint64_t kSecondsMax = 9'223'372'036;
  if (seconds > kSecondsMax) return fmt::format("{} seconds after 1970", seconds);
  return to_rfc3339(WallTime(std::chrono::seconds(seconds)));
}

Result<VerifiedLedger> verify_source(const Source& source, const VerifyOptions& options) {
  VerifiedLedger out;
  verify::FolderOptions folder;
  folder.folder = source.folder();
  folder.key = source.key();
  const Keys witnesses = TRY(witnesses_of(source, options));
  for (const std::string& file : options.remembered) {
    const std::string text = TRY(read_text_file(file, verify::kNoteSizeMax));
    folder.remembered.push_back(TRY(read_note(text, file, source.key(), witnesses)).remembered);
  }
  // Before the ledger is read: meanwhile it may grow, and so may what the witness has seen.
  if (!source.estate().empty() && !witnesses.empty()) {
    TRY(gather(source, witnesses, options.ask, out, folder.remembered));
  }
  // It is these that have to be cosigned; the ledger itself may have grown since.
  if (folder.remembered.empty()) folder.witnesses = options.witnesses;
  folder.on_entry = [&](std::uint64_t, ByteView entry) -> Result<void> {
    const bulkhead::ledger::Event event = TRY(bulkhead::ledger::parse_event(entry));
    if (options.on_event) options.on_event(event);
    return {};
  };
  out.report = TRY(verify::verify_folder(folder));
  return out;
}

}  // namespace bulkhead::cli::ledger
