#include "vault/inspector.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/sha256.h"
#include "repository/pack.h"
#include "repository/walk.h"
#include "storage/file_names.h"

namespace bulkhead::vault {
namespace {

using repository::BlobId;
using repository::BlobKey;
using repository::BlobType;
using repository::IndexedPack;
using repository::PackedBlob;
using storage::FileType;

constexpr std::size_t kPasswordSizeMax = 4096;
constexpr std::size_t kInspectedSizeMax = 64 * 1024 * 1024;

Result<std::vector<std::string>> names_of(storage::Backend& backend, FileType type) {
  std::vector<std::string> names;
  for (const storage::FileInfo& file : TRY(backend.list(type))) names.push_back(file.name);
  std::sort(names.begin(), names.end());
  return names;
}

std::vector<PackedBlob> by_place(std::vector<PackedBlob> blobs) {
  std::sort(blobs.begin(), blobs.end(),
            [](const PackedBlob& a, const PackedBlob& b) { return a.offset < b.offset; });
  return blobs;
}

}  // namespace

Result<crypto::Secret> read_password_of(const Path& file) {
  Bytes bytes = TRY(read_file(file, kPasswordSizeMax));
  crypto::Secret password = crypto::Secret::copy_of(trim(as_text(bytes)));
  crypto::wipe(bytes);
  return password;
}

Inspector::Inspector(std::unique_ptr<repository::Repository> repository, Path inspected)
    : repository_(std::move(repository)), inspected_file_(std::move(inspected)) {}

Inspector::~Inspector() = default;

Result<std::unique_ptr<Inspector>> Inspector::open(const Path& folder, const Path& password_file) {
  const crypto::Secret password = TRY(read_password_of(password_file));
  auto backend = TRY(storage::open_backend("local:" + folder.native(), {}));
  auto opened = TRY(repository::Repository::open(std::move(backend), password.text()));
  std::unique_ptr<Inspector> inspector(new Inspector(std::move(opened), folder / "inspected"));
  TRY(inspector->read_inspected());
  return inspector;
}

// A name that a crash cut short is no index file's, and that file is checked again.
Result<void> Inspector::read_inspected() {
  const auto text = read_text_file(inspected_file_, kInspectedSizeMax);
  if (!text && text.error().kind() == ErrorKind::not_found) return {};
  if (!text) return std::unexpected(text.error());
  for (const std::string_view name : split(*text, '\n')) {
    if (storage::is_file_name(name)) inspected_.emplace(name);
  }
  return {};
}

Result<std::vector<IndexedPack>> Inspector::load_index(const std::string& name) {
  const Bytes text = TRY(repository_->load_file({FileType::index, name}));
  return repository::decode_index(as_text(text));
}

Result<std::optional<std::string>> Inspector::check_pack(const IndexedPack& pack) {
  const std::string name = pack.id.to_hex();
  const auto bytes = repository_->backend().load({FileType::data, name});
  if (!bytes && bytes.error().kind() == ErrorKind::not_found) {
    return fmt::format("it names the pack {}, which is not here", name);
  }
  if (!bytes) return std::unexpected(bytes.error());
  const auto header = repository::read_pack_header(*bytes, repository_->key());
  if (!header) return fmt::format("pack {}: {}", name, header.error().message());
  if (by_place(*header) != by_place(pack.blobs)) {
    return fmt::format("pack {} holds other blobs than it says", name);
  }
  for (const PackedBlob& blob : *header) {
    const ByteView sealed = ByteView(*bytes).subspan(blob.offset, blob.sealed_size);
    const auto opened = repository::open_blob(repository_->key(), blob, sealed);
    if (!opened) return fmt::format("pack {}: {}", name, opened.error().message());
  }
  return std::nullopt;
}

Result<std::optional<std::string>> Inspector::check_index(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return judge_index(name);
}

Result<std::optional<std::string>> Inspector::judge_index(const std::string& name) {
  if (inspected_.contains(name)) return std::nullopt;
  const auto packs = load_index(name);
  if (!packs && packs.error().kind() == ErrorKind::corrupt) return packs.error().message();
  if (!packs) return std::unexpected(packs.error());
  for (const IndexedPack& pack : *packs) {
    if (auto problem = TRY(check_pack(pack))) return problem;
  }
  TRY(write_down(name));
  return std::nullopt;
}

Result<void> Inspector::write_down(const std::string& name) {
  const FileDescriptor file =
      TRY(open_file(inspected_file_, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  TRY(write_all(file.get(), as_bytes(name + "\n")));
  inspected_.insert(name);
  return {};
}

Result<void> Inspector::remember(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (inspected_.contains(name)) return {};
  return write_down(name);
}

bool Inspector::is_remembered(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return inspected_.contains(name);
}

Result<std::optional<std::string>> Inspector::check_snapshot(const std::string& name,
                                                             WallTime received) {
  const std::lock_guard lock(mutex_);
  const auto text = repository_->load_file({FileType::snapshot, name});
  if (!text && text.error().kind() == ErrorKind::corrupt) return text.error().message();
  if (!text) return std::unexpected(text.error());
  const auto snapshot = repository::decode_snapshot(as_text(*text));
  if (!snapshot) return snapshot.error().message();
  if (snapshot->time >= received - kSnapshotAgeMax &&
      snapshot->time <= received + kSnapshotAheadMax) {
    return std::nullopt;
  }
  return fmt::format("it says {} and was received at {}", to_rfc3339(snapshot->time),
                     to_rfc3339(received));
}

Result<void> Inspector::collect_reachable() {
  std::vector<std::string> names = TRY(names_of(repository_->backend(), FileType::snapshot));
  if (names == snapshots_) return {};
  snapshots_.clear();
  reachable_.clear();
  repository_->forget_index();
  TRY(repository_->load_index());
  for (const std::string& name : names) {
    const Bytes text = TRY(repository_->load_file({FileType::snapshot, name}));
    const repository::Snapshot snapshot = TRY(repository::decode_snapshot(as_text(text)));
    if (!reachable_.insert({BlobType::tree, snapshot.tree}).second) continue;
    TRY(repository::walk(*repository_, snapshot.tree,
                         [&](const repository::WalkEntry& entry) -> Result<repository::WalkStep> {
                           for (const BlobId& id : entry.node.content) {
                             reachable_.insert({BlobType::data, id});
                           }
                           const auto& subtree = entry.node.subtree;
                           if (subtree && !reachable_.insert({BlobType::tree, *subtree}).second) {
                             return repository::WalkStep::skip_subtree;
                           }
                           return repository::WalkStep::go_on;
                         }));
  }
  snapshots_ = std::move(names);
  return {};
}

Result<void> Inspector::refresh() {
  Indexes now;
  for (const std::string& name : TRY(names_of(repository_->backend(), FileType::index))) {
    // What lies about packs must not make one seem superfluous.
    if (TRY(judge_index(name))) continue;
    const auto known = indexes_.find(name);
    if (known != indexes_.end()) {
      now.emplace(name, std::move(known->second));
    } else {
      now.emplace(name, TRY(load_index(name)));
    }
  }
  indexes_ = std::move(now);
  packs_.clear();
  for (std::string& name : TRY(names_of(repository_->backend(), FileType::data))) {
    packs_.insert(std::move(name));
  }
  return collect_reachable();
}

Result<std::vector<PackedBlob>> Inspector::blobs_in(const std::string& pack) {
  const Bytes bytes = TRY(repository_->backend().load({FileType::data, pack}));
  auto header = repository::read_pack_header(bytes, repository_->key());
  if (header) return header;
  if (to_hex(crypto::sha256(bytes)) == pack) return std::vector<PackedBlob>();
  return std::unexpected(header.error());
}

Result<bool> Inspector::needs(const storage::FileId& id) {
  const std::lock_guard lock(mutex_);
  TRY(refresh());
  // What of the reachable stands in the file, and what can be found without it.
  std::unordered_set<BlobKey> inside, outside;
  bool is_indexed = false;
  const auto add = [&](std::unordered_set<BlobKey>& to, const std::vector<PackedBlob>& blobs) {
    for (const PackedBlob& blob : blobs) {
      const BlobKey key{blob.type, blob.id};
      if (reachable_.contains(key)) to.insert(key);
    }
  };
  for (const auto& [name, packs] : indexes_) {
    const bool is_index = id.type == FileType::index && name == id.name;
    for (const IndexedPack& pack : packs) {
      if (!packs_.contains(pack.id.to_hex())) continue;
      const bool is_pack = id.type == FileType::data && pack.id.to_hex() == id.name;
      is_indexed = is_indexed || is_pack;
      add(is_index || is_pack ? inside : outside, pack.blobs);
    }
  }
  // A pack whose index lies about another one, and is in quarantine, is named by none.
  if (id.type == FileType::data && !is_indexed) add(inside, TRY(blobs_in(id.name)));
  return std::any_of(inside.begin(), inside.end(),
                     [&](const BlobKey& key) { return !outside.contains(key); });
}

}  // namespace bulkhead::vault
