#include <algorithm>

#include <fmt/format.h>

#include "cli/repo/output.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/index.h"

namespace bulkhead::cli::repo {
namespace {

using storage::FileType;

struct Options {
  SessionOptions session;
  std::string kind;
};

Result<void> list_files(repository::Repository& repository, FileType type, bool json) {
  auto files = TRY(repository.backend().list(type));
  std::ranges::sort(files, {}, &storage::FileInfo::name);
  json::Array names;
  for (const storage::FileInfo& file : files) {
    if (json) names.emplace_back(file.name);
    else TRY(print_output(file.name + "\n"));
  }
  return json ? print_output(json::write(names) + "\n") : Result<void>();
}

// Each as often as an index file names it.
Result<void> list_blobs(repository::Repository& repository, bool json) {
  for (const storage::FileInfo& file : TRY(repository.backend().list(FileType::index))) {
    const Bytes text = TRY_CONTEXT(repository.load_file({FileType::index, file.name}),
                                   "index " + file.name.substr(0, 8));
    for (const repository::IndexedPack& pack : TRY(repository::decode_index(as_text(text)))) {
      for (const repository::PackedBlob& blob : pack.blobs) {
        const std::string id = blob.id.to_hex();
        if (!json) {
          TRY(print_output(fmt::format("{} {}\n", name_of(blob.type), id)));
          continue;
        }
        TRY(print_output(
            json::write(json::Object{
                {"type", name_of(blob.type)}, {"id", id}, {"pack", pack.id.to_hex()}}) +
            "\n"));
      }
    }
  }
  return {};
}

Result<void> list_kind(repository::Repository& repository, const std::string& kind, bool json) {
  if (kind == "blobs") return list_blobs(repository, json);
  if (kind == "packs") return list_files(repository, FileType::data, json);
  if (kind == "index") return list_files(repository, FileType::index, json);
  if (kind == "snapshots") return list_files(repository, FileType::snapshot, json);
  if (kind == "keys") return list_files(repository, FileType::key, json);
  if (kind == "locks") return list_files(repository, FileType::lock, json);
  return fail(
      ErrorKind::invalid,
      fmt::format("\"{}\" is none of blobs, packs, index, snapshots, keys and locks", kind));
}

}  // namespace

void register_list(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("list", "List the ids of what the repository stores");
  add_session_options(command, options->session);
  command.argument("KIND", options->kind, "blobs, packs, index, snapshots, keys or locks",
                   Need::required);
  command.on_run([options] {
    return with_repository(options->session, Locking::none, [&](Session& session) -> Result<int> {
      TRY(list_kind(session.repository, options->kind, options->session.json));
      return kExitSuccess;
    });
  });
}

}  // namespace bulkhead::cli::repo
