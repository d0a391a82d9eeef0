#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <unistd.h>

#include "base/file_descriptor.h"
#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/stored_files.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/walk.h"

namespace bulkhead::cli::repo {
namespace {

using storage::FileType;

struct Options {
  SessionOptions session;
  std::string kind;
  std::string id;
};

Result<void> print_indented(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  return print_output(json::write(value, json::Layout::indented) + "\n");
}

Result<void> print_sealed(repository::Repository& repository, FileType type,
                          const std::string& beginning) {
  std::string name;
  if (type != FileType::config) {
    name = TRY(find_stored_file(repository.backend(), type, beginning));
  }
  const Bytes text = TRY(repository.load_file({type, name}));
  return print_indented(as_text(text));
}

Result<void> print_key(repository::Repository& repository, const std::string& beginning) {
  const std::string name = TRY(find_stored_file(repository.backend(), FileType::key, beginning));
  const Bytes text = TRY(repository.backend().load({FileType::key, name}));
  return print_indented(as_text(text));
}

Result<void> print_master_key(const crypto::MasterKey& key) {
  return print_output(
      json::write(json::Object{{"mac", json::Object{{"k", to_base64(key.mac_k_part())},
                                                    {"r", to_base64(key.mac_r_part())}}},
                               {"encrypt", to_base64(key.encrypt_part())}},
                  json::Layout::indented) +
      "\n");
}

Result<void> print_blob(repository::Repository& repository, const std::string& text) {
  const repository::BlobId id = TRY_CONTEXT(repository::BlobId::from_hex(text), text);
  TRY(repository.load_index());
  for (const auto type : {repository::BlobType::data, repository::BlobType::tree}) {
    const auto bytes = repository.load_blob(type, id);
    if (bytes) return write_all(STDOUT_FILENO, *bytes);
    if (bytes.error().kind() != ErrorKind::not_found) return std::unexpected(bytes.error());
  }
  return fail(ErrorKind::not_found, "there is no blob " + text);
}

Result<void> print_pack(repository::Repository& repository, const std::string& beginning) {
  const std::string name = TRY(find_stored_file(repository.backend(), FileType::data, beginning));
  const Bytes bytes = TRY(repository.backend().load({FileType::data, name}));
  if (to_hex(crypto::sha256(bytes)) != name) {
    fmt::print(stderr, "the pack's content is not what its name says\n");
  }
  return write_all(STDOUT_FILENO, bytes);
}

Result<void> print_tree(repository::Repository& repository, const std::string& choice) {
  const ChosenSnapshot chosen = TRY(find_snapshot(repository, {.snapshot = choice}));
  TRY(repository.load_index());
  const repository::BlobId tree =
      TRY(find_tree(repository, chosen.snapshot.tree, chosen.subfolder));
  const Bytes text = TRY(repository.load_blob(repository::BlobType::tree, tree));
  return write_all(STDOUT_FILENO, text);
}

Result<void> print_kind(repository::Repository& repository, const std::string& kind,
                        const std::string& id) {
  if (kind == "config") return print_sealed(repository, FileType::config, "");
  if (kind == "masterkey") return print_master_key(repository.key());
  constexpr std::array kOfAnId = {"index", "lock", "snapshot", "key", "blob", "pack", "tree"};
  if (std::ranges::find(kOfAnId, kind) == kOfAnId.end()) {
    return fail(
        ErrorKind::invalid,
        fmt::format("\"{}\" is none of config, masterkey, key, lock, index, snapshot, tree, "
                    "blob and pack",
                    kind));
  }
  if (id.empty()) return fail(ErrorKind::invalid, fmt::format("which {}? give its id", kind));
  if (kind == "index") return print_sealed(repository, FileType::index, id);
  if (kind == "lock") return print_sealed(repository, FileType::lock, id);
  if (kind == "snapshot") {
    const repository::Snapshot snapshot = TRY(repository.find_snapshot(id));
    return print_sealed(repository, FileType::snapshot, snapshot.id.to_hex());
  }
  if (kind == "key") return print_key(repository, id);
  if (kind == "blob") return print_blob(repository, id);
  if (kind == "pack") return print_pack(repository, id);
  return print_tree(repository, id);
}

}  // namespace

void register_cat(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("cat", "Print what the repository stores");
  add_session_options(command, options->session);
  command
      .argument("KIND", options->kind,
                "config, masterkey, key, lock, index, snapshot, tree, blob or pack", Need::required)
      .argument("ID", options->id, "its id; of a tree SNAPSHOT:FOLDER", Need::optional);
  command.on_run([options] {
    return with_repository(options->session, Locking::none, [&](Session& session) -> Result<int> {
      TRY(print_kind(session.repository, options->kind, options->id));
      return kExitSuccess;
    });
  });
}

}  // namespace bulkhead::cli::repo
