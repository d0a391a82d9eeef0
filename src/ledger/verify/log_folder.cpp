#include "ledger/verify/log_folder.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "ledger/verify/internal/tree_check.h"

namespace bulkhead::ledger::verify {
namespace {

constexpr std::string_view kCheckpoint = "checkpoint";

BadPlace bad_checkpoint(std::string what) {
  return {std::string(kCheckpoint), std::nullopt, std::move(what)};
}

// Fills the report's checkpoint and cosignatures; what is wrong with them, if anything is.
std::optional<BadPlace> check_checkpoint(const FolderOptions& options, FolderReport& report) {
  const auto text = read_text_file(options.folder / kCheckpoint, kNoteSizeMax);
  if (!text) {
    const bool is_missing = text.error().kind() == ErrorKind::not_found;
    return bad_checkpoint(is_missing ? "it is missing" : text.error().message());
  }
  const auto note = parse_note(*text);
  if (!note) return bad_checkpoint(note.error().message());
  const auto is_signed = verify_signature(*note, options.key);
  if (!is_signed) return bad_checkpoint(is_signed.error().message());
  auto checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return bad_checkpoint(checkpoint.error().message());
  if (!options.origin.empty() && checkpoint->origin != options.origin) {
    return bad_checkpoint(
        fmt::format("it is of the log {}, not of {}", checkpoint->origin, options.origin));
  }
  report.checkpoint = std::move(*checkpoint);
  for (const VerifierKey& witness : options.witnesses) {
    const auto time = verify_cosignature(*note, witness);
    if (!time) return bad_checkpoint(time.error().message());
    report.cosigned.push_back({witness.name, *time});
  }
  return std::nullopt;
}

std::optional<BadPlace> check_remembered(const FolderOptions& options,
                                         const internal::TreeCheck& tree,
                                         const Checkpoint& checkpoint) {
  for (const Remembered& known : options.remembered) {
    if (known.size > checkpoint.size) {
      return BadPlace{std::string(kCheckpoint), checkpoint.size,
                      fmt::format("rolled back: {} has seen {} entries, here are {}", known.by,
                                  known.size, checkpoint.size)};
    }
    const auto root = tree.root_at(known.size);
    if (!root || *root != known.root) {
      return BadPlace{std::string(kCheckpoint), std::nullopt,
                      fmt::format("forked: the first {} entries are not those that {} has seen",
                                  known.size, known.by)};
    }
  }
  return std::nullopt;
}

}  // namespace

std::string BadPlace::describe() const {
  if (!entry) return fmt::format("{}: {}", file, what);
  return fmt::format("{}, entry {}: {}", file, *entry, what);
}

Result<FolderReport> verify_folder(const FolderOptions& options) {
  struct stat status{};
  if (::stat(options.folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
    return fail(ErrorKind::not_found,
                fmt::format("there is no ledger in {}", options.folder.native()));
  }
  FolderReport report;
  report.bad = check_checkpoint(options, report);
  if (report.bad) return report;
  internal::TreeCheck tree(options.folder, report.checkpoint.size, options.on_entry);
  for (const Remembered& known : options.remembered) tree.remember(known.size);
  tree.run();
  report.entries_read = tree.entries_read();
  report.bad = tree.first_bad(report.checkpoint.root);
  if (!report.bad) report.bad = check_remembered(options, tree, report.checkpoint);
  return report;
}

}  // namespace bulkhead::ledger::verify
