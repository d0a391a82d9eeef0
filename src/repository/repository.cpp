#include "repository/repository.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/format.h>

#include "base/guarded.h"
#include "base/log.h"
#include "repository/compression.h"
#include "repository/config.h"
#include "repository/index.h"
#include "repository/internal/host.h"
#include "repository/key_file.h"
#include "repository/pack.h"
#include "repository/retired_packs.h"

namespace bulkhead::repository {

using storage::FileId;
using storage::FileType;

namespace {

// No config, key, index, lock or snapshot comes near it.
constexpr std::size_t kFileSizeMax = 512 << 20;
// In front of a compressed file (design.rst, "Unpacked Data Format").
constexpr std::uint8_t kCompressedFile = 2;
// Index files that are fetched and read at once.
constexpr std::size_t kIndexReaders = 4;

RepositoryOptions with_defaults(RepositoryOptions options) {
  static const SystemClock system_clock;
  static SystemRandom system_random;
  if (options.clock == nullptr) options.clock = &system_clock;
  if (options.random == nullptr) options.random = &system_random;
  options.pack_size = std::clamp<std::uint64_t>(options.pack_size, 4 << 20, 128 << 20);
  return options;
}

std::unexpected<Error> no_repository(const storage::Backend& backend) {
  return fail(
      ErrorKind::not_found,
      fmt::format("there is no repository at {}; look whether the location is right, or make "
                  "one with init",
                  backend.location()));
}

struct FoundKey {
  std::string name;
  crypto::MasterKey master;
};

Result<FoundKey> find_master_key(storage::Backend& backend, std::string_view password,
                                 const std::string& hint) {
  std::vector<storage::FileInfo> keys = TRY_CONTEXT(backend.list(FileType::key), "listing keys");
  if (keys.empty()) {
    return no_repository(backend);
  }
  // The one that is hinted at first, then by their names.
  std::ranges::sort(keys, {}, [&](const storage::FileInfo& info) {
    return std::pair(hint.empty() || !info.name.starts_with(hint), info.name);
  });
  if (keys.size() > kKeysTriedMax) keys.resize(kKeysTriedMax);
  std::optional<Error> unreadable;
  for (const storage::FileInfo& info : keys) {
    const Bytes text = TRY_CONTEXT(backend.load({FileType::key, info.name}), "loading key");
    auto master = open_key_file(as_text(text), password);
    if (master) return FoundKey{info.name, *std::move(master)};
    // A damaged key beside a good one must not lock anybody out.
    if (master.error().kind() != ErrorKind::denied) {
      unreadable = master.error().with_context("key " + info.name.substr(0, 8));
    }
  }
  if (unreadable && keys.size() == 1) return std::unexpected(*unreadable);
  return fail(ErrorKind::denied, "wrong password, or no key of the repository is readable");
}

}  // namespace

Repository::Repository(std::unique_ptr<storage::Backend> backend, crypto::MasterKey key,
                       const RepositoryOptions& options)
    : backend_(std::move(backend)),
      key_(std::move(key)),
      options_(options),
      index_(std::make_unique<Index>()) {}

Repository::~Repository() = default;

Result<std::unique_ptr<Repository>> Repository::init(std::unique_ptr<storage::Backend> backend,
                                                     std::string_view password,
                                                     const InitOptions& init_options,
                                                     const RepositoryOptions& given) {
  const RepositoryOptions options = with_defaults(given);
  TRY(backend->create());
  Random& random = *options.random;
  std::unique_ptr<Repository> repository(
      new Repository(std::move(backend), crypto::MasterKey::generate(random), options));
  Config config;
  config.id = to_hex(random.bytes(32));
  config.chunker_polynomial =
      init_options.chunker_polynomial.value_or(random_chunker_polynomial(random));
  TRY(require_chunker_polynomial(config.chunker_polynomial));

  const KeyFileOptions key_options{
      .created = options.clock->now(),
      .username = init_options.username.empty() ? this_user() : init_options.username,
      .hostname = init_options.hostname.empty() ? this_host() : init_options.hostname,
      .cost = {.n = init_options.scrypt_n}};
  const std::string key_text =
      TRY(encode_key_file(repository->key_, password, key_options, random));
  const std::string key_name = to_hex(crypto::sha256(as_bytes(key_text)));
  TRY_CONTEXT(repository->backend_->save({FileType::key, key_name}, as_bytes(key_text)),
              "saving the key");
  // The config comes last: a repository without one is not there.
  const Bytes sealed = repository->key_.seal(as_bytes(encode_config(config)), random);
  TRY_CONTEXT(repository->backend_->save({FileType::config, ""}, sealed), "saving the config");
  repository->id_ = config.id;
  repository->key_name_ = key_name;
  repository->version_ = config.version;
  repository->chunker_polynomial_ = config.chunker_polynomial;
  return repository;
}

Result<std::unique_ptr<Repository>> Repository::open(std::unique_ptr<storage::Backend> backend,
                                                     std::string_view password,
                                                     const RepositoryOptions& given) {
  const auto sealed = backend->load({FileType::config, ""});
  if (!sealed && sealed.error().kind() == ErrorKind::not_found) {
    return no_repository(*backend);
  }
  if (!sealed) return std::unexpected(sealed.error().with_context("loading the config"));
  FoundKey key = TRY(find_master_key(*backend, password, given.key_hint));
  const Bytes text = TRY_CONTEXT(key.master.unseal(*sealed), "config");
  const Config config = TRY_CONTEXT(decode_config(as_text(text)), "config");
  std::unique_ptr<Repository> repository(
      new Repository(std::move(backend), std::move(key.master), with_defaults(given)));
  repository->id_ = config.id;
  repository->key_name_ = std::move(key.name);
  repository->version_ = config.version;
  repository->chunker_polynomial_ = config.chunker_polynomial;
  return repository;
}

Result<void> Repository::load_index_file(const std::string& name) {
  const std::string context = "index " + name.substr(0, 8);
  const Bytes text = TRY_CONTEXT(load_file({FileType::index, name}), context);
  const auto packs = TRY_CONTEXT(decode_index(as_text(text)), context);
  for (const RetiredPack& pack : TRY_CONTEXT(decode_retired(as_text(text)), context)) {
    index_->retire(pack.id);
  }
  index_->add(packs);
  index_->mark_read(name);
  return {};
}

Result<void> Repository::load_index() {
  const auto files = TRY_CONTEXT(backend_->list(FileType::index), "listing the index");
  std::vector<std::string> names;
  for (const storage::FileInfo& info : files) names.push_back(info.name);
  const bool cached = !options_.cache_folder.empty();
  if (cached) index_->load_cache(options_.cache_folder / id_, key_, names);
  std::erase_if(names, [&](const std::string& name) { return index_->has_read(name); });

  std::atomic<std::size_t> next{0};
  Guarded<std::optional<Error>> failure;
  const auto work = [&] {
    for (std::size_t i = next++; i < names.size(); i = next++) {
      const auto loaded = load_index_file(names[i]);
      if (loaded) continue;
      failure.with([&](std::optional<Error>& first) {
        if (!first) first = loaded.error();
      });
      next = names.size();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < std::min(kIndexReaders, names.size()); ++i) {
    threads.emplace_back(work);
  }
  work();
  for (std::thread& thread : threads) thread.join();
  const auto failed = failure.with([](std::optional<Error>& first) { return std::move(first); });
  if (failed) return std::unexpected(*failed);
  if (cached) index_->save_cache(options_.cache_folder / id_, key_);
  return {};
}

void Repository::forget_index() { index_->clear(); }

Result<Snapshot> Repository::load_snapshot(const std::string& name) {
  const Bytes text = TRY(load_file({FileType::snapshot, name}));
  Snapshot snapshot = TRY(decode_snapshot(as_text(text)));
  snapshot.id = TRY(SnapshotId::from_hex(name));
  return snapshot;
}

Result<std::vector<Snapshot>> Repository::snapshots(const SnapshotFilter& filter) {
  const auto files = TRY_CONTEXT(backend_->list(FileType::snapshot), "listing snapshots");
  std::vector<Snapshot> found;
  for (const storage::FileInfo& info : files) {
    Result<Snapshot> snapshot = load_snapshot(info.name);
    if (!snapshot && snapshot.error().kind() == ErrorKind::corrupt) {
      // One damaged snapshot must not keep the whole ones from being restored.
      log::warning("a damaged snapshot is passed over; look at it with a check",
                   {{"snapshot", info.name}, {"why", snapshot.error().message()}});
      continue;
    }
    if (!snapshot) {
      return std::unexpected(snapshot.error().with_context("snapshot " + info.name.substr(0, 8)));
    }
    if (filter.matches(*snapshot)) found.push_back(*std::move(snapshot));
  }
  std::ranges::sort(found, [](const Snapshot& a, const Snapshot& b) {
    return std::tie(a.time, a.id) < std::tie(b.time, b.id);
  });
  return found;
}

Result<Snapshot> Repository::find_snapshot(std::string_view wanted, const SnapshotFilter& filter) {
  const bool newest = wanted == "latest";
  const std::vector<Snapshot> all = TRY(snapshots(newest ? filter : SnapshotFilter{}));
  if (newest) {
    if (all.empty())
      return fail(ErrorKind::not_found,
                  "there is no snapshot that matches; the verb snapshots lists them");
    return all.back();
  }
  const Snapshot* found = nullptr;
  for (const Snapshot& snapshot : all) {
    if (wanted.empty() || !snapshot.id.to_hex().starts_with(wanted)) continue;
    if (found != nullptr) {
      return fail(ErrorKind::invalid,
                  fmt::format("several snapshots begin with {}; give more of the id", wanted));
    }
    found = &snapshot;
  }
  if (found == nullptr) {
    return fail(ErrorKind::not_found,
                fmt::format("there is no snapshot \"{}\"; the verb snapshots lists them", wanted));
  }
  return *found;
}

Result<Bytes> Repository::load_blob(BlobType type, const BlobId& id) {
  const std::string context = fmt::format("{} blob {}", name_of(type), id.short_hex());
  auto location = index_->find({type, id});
  if (!location && !index_->ever_loaded()) {
    TRY(load_index());
    location = index_->find({type, id});
  }
  if (!location) return fail(ErrorKind::not_found, context + " is in no index");
  const PackedBlob& blob = location->blob;
  const Bytes sealed = TRY_CONTEXT(
      backend_->load_part({FileType::data, location->pack.to_hex()}, blob.offset, blob.sealed_size),
      context);
  return TRY_CONTEXT(open_blob(key_, blob, sealed), context);
}

Result<Tree> Repository::load_tree(const BlobId& id) {
  const Bytes text = TRY(load_blob(BlobType::tree, id));
  return TRY_CONTEXT(decode_tree(as_text(text)), "tree " + id.short_hex());
}

Result<std::uint64_t> Repository::blob_size(BlobType type, const BlobId& id) {
  if (!index_->ever_loaded()) TRY(load_index());
  const auto location = index_->find({type, id});
  if (location) return location->blob.plaintext_size();
  return fail(ErrorKind::not_found,
              fmt::format("{} blob {} is in no index", name_of(type), id.short_hex()));
}

Result<Bytes> Repository::load_file(const FileId& id) {
  const Bytes sealed = TRY(backend_->load(id));
  if (id.type != FileType::config && to_hex(crypto::sha256(sealed)) != id.name) {
    return fail(ErrorKind::corrupt, "the file's content is not what its name says");
  }
  Bytes plaintext = TRY(key_.unseal(sealed));
  if (plaintext.empty()) return fail(ErrorKind::corrupt, "the file is empty");
  // Of version 1, and of files written before an upgrade.
  if (plaintext[0] == '[' || plaintext[0] == '{') return plaintext;
  if (plaintext[0] != kCompressedFile) {
    return fail(ErrorKind::corrupt, fmt::format("file encoding {} is not known", plaintext[0]));
  }
  return decompress_up_to(ByteView(plaintext).subspan(1), kFileSizeMax);
}

Result<std::string> Repository::save_file(FileType type, std::string_view plaintext) {
  // Compressed and sealed in place; an index file has megabytes.
  const std::size_t size_max = 1 + compressed_size_max(plaintext.size());
  const auto memory =
      std::make_unique_for_overwrite<std::uint8_t[]>(size_max + crypto::kSealOverhead);
  const MutableByteView inner(memory.get() + crypto::kSealIvSize, size_max);
  std::size_t size = plaintext.size();
  if (version_ >= 2) {
    inner[0] = kCompressedFile;
    size = 1 + compress_into(inner.subspan(1), as_bytes(plaintext), kCompressionLevelAutomatic);
  } else {
    std::ranges::copy(plaintext, inner.begin());
  }
  const MutableByteView sealed(memory.get(), size + crypto::kSealOverhead);
  key_.seal_into(sealed, inner.first(size), random());
  std::string name = to_hex(crypto::sha256(sealed));
  TRY_CONTEXT(backend_->save({type, name}, sealed),
              fmt::format("saving {}/{}", storage::folder_of(type), name.substr(0, 8)));
  return name;
}

}  // namespace bulkhead::repository
