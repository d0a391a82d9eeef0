#include <fmt/format.h>

#include "cli/ledger/verbs.h"
#include "ledger/event.h"
#include "ledger/verify/inclusion_file.h"

namespace bulkhead::cli::ledger {
namespace verify = bulkhead::ledger::verify;
namespace {

constexpr std::size_t kProofSizeMax = 1 << 20;

std::string time_text(std::uint64_t seconds) {
  // What is beyond the year 2262 does not fit our times, and is no time of a cosignature.
  constexpr std::uint64_t kSecondsMax = 9'223'372'036;
  if (seconds > kSecondsMax) return fmt::format("{} seconds after 1970", seconds);
  return to_rfc3339(WallTime(std::chrono::seconds(seconds)));
}

// A checkpoint that came another way: of this ledger by its signature, and of who remembers it by
// its cosignature, where witnesses are named.
Result<verify::Remembered> read_remembered(const std::string& file, const Source& source,
                                           const std::vector<verify::VerifierKey>& witnesses) {
  const std::string text = TRY(read_text_file(file, verify::kNoteSizeMax));
  const verify::Note note = TRY_CONTEXT(verify::parse_note(text), file);
  TRY_CONTEXT(verify::verify_signature(note, source.key()), file);
  const verify::Checkpoint checkpoint = TRY_CONTEXT(verify::parse_checkpoint(note.text), file);
  verify::Remembered out{.by = file, .size = checkpoint.size, .root = checkpoint.root};
  for (const verify::VerifierKey& witness : witnesses) {
    const std::uint64_t time = TRY_CONTEXT(verify::verify_cosignature(note, witness), file);
    out.by = fmt::format("{} (on {})", witness.name, time_text(time));
  }
  return out;
}

json::Object to_json(const verify::FolderReport& report) {
  json::Array cosigned;
  for (const auto& each : report.cosigned) {
    cosigned.push_back(json::Object{{"by", each.by}, {"time", time_text(each.time)}});
  }
  json::Object out{{"good", !report.bad},
                   {"origin", report.checkpoint.origin},
                   {"size", report.checkpoint.size},
                   {"root", to_base64(report.checkpoint.root)},
                   {"cosigned", std::move(cosigned)}};
  if (report.bad) {
    json::Object bad{{"file", report.bad->file}, {"what", report.bad->what}};
    if (report.bad->entry) bad.set("entry", *report.bad->entry);
    out.set("first_bad", std::move(bad));
  }
  return out;
}

void print(const verify::FolderReport& report) {
  if (report.bad) {
    fmt::print("NOT as it was signed. The first bad place:\n{}\n", report.bad->describe());
    return;
  }
  fmt::print("{}: {} events, all as they were signed\nroot {}\n", report.checkpoint.origin,
             report.checkpoint.size, to_base64(report.checkpoint.root));
  for (const auto& each : report.cosigned) {
    fmt::print("cosigned by {} at {}\n", each.by, time_text(each.time));
  }
}

Result<int> verify_proof(const VerifyVerb& verb, const Source& source) {
  const std::string text = TRY(read_text_file(verb.proof, kProofSizeMax));
  const verify::InclusionFile file = TRY_CONTEXT(verify::parse_inclusion_file(text), verb.proof);
  const verify::Checkpoint checkpoint =
      TRY_CONTEXT(verify::verify_inclusion_file(file, source.key()), verb.proof);
  fmt::print("Event {} of {} events in {}:\n{}\n", file.index, checkpoint.size, checkpoint.origin,
             as_text(file.entry));
  return kExitSuccess;
}

}  // namespace

Result<int> verify_ledger(const VerifyVerb& verb) {
  const Source source = TRY(Source::open(verb));
  if (!verb.proof.empty()) return verify_proof(verb, source);
  verify::FolderOptions options;
  options.folder = source.folder();
  options.key = source.key();
  for (const std::string& witness : verb.witnesses) {
    std::string text;
    options.witnesses.push_back(TRY(read_key(witness, text)));
  }
  for (const std::string& file : verb.remembered) {
    options.remembered.push_back(TRY(read_remembered(file, source, options.witnesses)));
  }
  // Then it is those that have to be cosigned; the ledger itself may have grown since.
  if (!verb.remembered.empty()) options.witnesses.clear();
  options.on_entry = [](std::uint64_t, ByteView entry) -> Result<void> {
    TRY(bulkhead::ledger::parse_event(entry));
    return {};
  };
  const verify::FolderReport report = TRY(verify::verify_folder(options));
  if (verb.json) {
    fmt::print("{}\n", json::write(to_json(report), json::Layout::indented));
  } else {
    print(report);
  }
  return report.bad ? kExitFailure : kExitSuccess;
}

}  // namespace bulkhead::cli::ledger
