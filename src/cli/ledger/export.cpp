#include <algorithm>

#include <fcntl.h>
#include <fmt/format.h>

#include "cli/ledger/verbs.h"

namespace bulkhead::cli::ledger {
namespace verify = bulkhead::ledger::verify;
namespace {

constexpr unsigned kLevelBits = 8;

Result<void> put(const Path& path, ByteView content) {
  TRY(make_directories(path.parent_path()));
  return write_file_atomic(path, content);
}

Bytes bundle_of(const std::vector<Bytes>& entries) {
  Bytes out;
  for (const Bytes& entry : entries) {
    out.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(entry.size() & 0xff));
    out.insert(out.end(), entry.begin(), entry.end());
  }
  return out;
}

std::unexpected<Error> defect(const std::string& file, const std::string& what) {
  return fail(ErrorKind::corrupt,
              fmt::format("{}: {} (bulkhead ledger verify says more)", file, what));
}

// The files that a tree of the checkpoint's size consists of, and no other.
Result<void> copy_entries(const verify::TileFiles& from, const Path& to, std::uint64_t size) {
  const FileDescriptor lines =
      TRY(open_file(to / "events.jsonl", O_WRONLY | O_CREAT | O_EXCL, 0644));
  for (std::uint64_t index = 0; index * verify::kTileWidth < size; ++index) {
    const std::uint64_t width = std::min(size - index * verify::kTileWidth, verify::kTileWidth);
    const std::string name = verify::entries_name(index, width);
    const verify::Entries bundle = from.entries(index, width);
    if (!bundle.defect.empty()) return defect(name, bundle.defect);
    TRY(put(to / name, bundle_of(bundle.entries)));
    for (const Bytes& entry : bundle.entries) {
      TRY(write_all(lines.get(), entry));
      TRY(write_all(lines.get(), as_bytes("\n")));
    }
  }
  return {};
}

Result<void> copy_tiles(const verify::TileFiles& from, const Path& to, std::uint64_t size) {
  for (unsigned level = 0; level * kLevelBits < 64 && size >> (level * kLevelBits) > 0; ++level) {
    const std::uint64_t count = size >> (level * kLevelBits);
    for (std::uint64_t index = 0; index * verify::kTileWidth < count; ++index) {
      const std::uint64_t width = std::min(count - index * verify::kTileWidth, verify::kTileWidth);
      const std::string name = verify::tile_name(level, index, width);
      const verify::Hashes tile = from.tile(level, index, width);
      if (!tile.defect.empty()) return defect(name, tile.defect);
      Bytes content;
      for (const verify::Hash& hash : tile.hashes) {
        content.insert(content.end(), hash.begin(), hash.end());
      }
      TRY(put(to / name, content));
    }
  }
  return {};
}

}  // namespace

Result<int> export_ledger(const ExportVerb& verb) {
  const Source source = TRY(Source::open(verb));
  const Source::Signed head = TRY(source.checkpoint());
  const Path to(verb.to);
  std::error_code error;
  if (std::filesystem::exists(to, error) && !std::filesystem::is_empty(to, error)) {
    return fail(ErrorKind::conflict, fmt::format("{} is not empty; name a new folder", verb.to));
  }
  TRY(make_directories(to));
  const verify::TileFiles from(source.folder());
  TRY(copy_entries(from, to, head.checkpoint.size));
  TRY(copy_tiles(from, to, head.checkpoint.size));
  TRY(put(to / "ledger.vkey", as_bytes(source.key_text() + "\n")));
  TRY(put(to / "checkpoint", as_bytes(head.note)));
  // A copy of something damaged is worth nothing, and should not look like more.
  const verify::FolderReport report =
      TRY(verify::verify_folder({.folder = to, .origin = {}, .key = source.key()}));
  if (report.bad) return defect(report.bad->file, report.bad->describe());
  fmt::print(
      "{} events in {}; check it anywhere with\n"
      "bulkhead ledger verify --folder {} --key {}\n",
      head.checkpoint.size, verb.to, verb.to, (to / "ledger.vkey").native());
  return kExitSuccess;
}

}  // namespace bulkhead::cli::ledger
