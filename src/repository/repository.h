// An open repository in restic's format, version 2 (version 1 is read): its key, its index in
// memory, and its blobs and files by name. Everything else here (backup.h, restore.h, verify.h,
// check.h, walk.h) works on a Repository.
//
// Thread-safe: all methods may be called from several threads at once. Loaded bytes are always
// authenticated, and compared with the digest that names them; a difference is of kind corrupt.
// A wrong password is kind denied, a missing repository not_found, an existing one conflict.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "crypto/master_key.h"
#include "repository/blob.h"
#include "repository/snapshot.h"
#include "repository/tree.h"
#include "storage/backend.h"

namespace bulkhead::repository {

class Index;

enum class Compression { off, automatic, maximum };

struct RepositoryOptions {
  Compression compression = Compression::automatic;
  std::uint64_t pack_size = 16 << 20;  // bytes at which a pack is closed, 4 to 128 MiB
  // Beginning of the id of the key to try first; each that does not fit costs a derivation.
  std::string key_hint;
  // nullptr: the system's. The caller keeps what it passes in alive as long as the repository.
  const Clock* clock = nullptr;
  Random* random = nullptr;
  // Where indexes of repositories are kept between runs, each in a folder of its own; empty:
  // nowhere.
  Path cache_folder;
  // Waited for between writing a lock and looking for others' a second time.
  std::chrono::milliseconds lock_settle{200};
  // How long to wait for somebody else's lock to go.
  std::chrono::seconds lock_patience{0};
};

struct InitOptions {
  // A chosen one only for tests, and for repositories that shall share chunks with another.
  std::optional<std::uint64_t> chunker_polynomial;
  // The cost of the password's key; tests make it small.
  std::uint64_t scrypt_n = 32768;
  std::string hostname;  // written into the key file; empty: this host's
  std::string username;
};

class Repository {
 public:
  static Result<std::unique_ptr<Repository>> init(std::unique_ptr<storage::Backend> backend,
                                                  std::string_view password,
                                                  const InitOptions& init_options = {},
                                                  const RepositoryOptions& options = {});
  static Result<std::unique_ptr<Repository>> open(std::unique_ptr<storage::Backend> backend,
                                                  std::string_view password,
                                                  const RepositoryOptions& options = {});
  ~Repository();

  const std::string& id() const { return id_; }
  unsigned version() const { return version_; }
  std::uint64_t chunker_polynomial() const { return chunker_polynomial_; }
  const RepositoryOptions& options() const { return options_; }
  storage::Backend& backend() { return *backend_; }
  const crypto::MasterKey& key() const { return key_; }
  // The file in keys/ that the password opened.
  const std::string& key_name() const { return key_name_; }
  const Clock& clock() const { return *options_.clock; }
  Random& random() { return *options_.random; }

  // Reads index files that were not read yet. List snapshots first, then call this: then all that
  // those snapshots refer to is known. The others below call it once where nobody did.
  Result<void> load_index();
  Index& index() { return *index_; }
  // Forgets what was read; load_index() then reads all again.
  void forget_index();

  // In order of their times. A damaged file in snapshots/ is passed over with a warning in the log;
  // check() reports it as an error.
  Result<std::vector<Snapshot>> snapshots(const SnapshotFilter& filter = {});
  // By a prefix of the id, or "latest" of those that match. Kind not_found, or invalid where the
  // prefix fits several.
  Result<Snapshot> find_snapshot(std::string_view id_or_latest, const SnapshotFilter& filter = {});

  Result<Bytes> load_blob(BlobType type, const BlobId& id);
  Result<Tree> load_tree(const BlobId& id);
  // The length of a blob's plaintext, by the index; nothing is loaded.
  Result<std::uint64_t> blob_size(BlobType type, const BlobId& id);

  // Files other than packs: sealed, in version 2 compressed, named by their digest.
  Result<Bytes> load_file(const storage::FileId& id);
  Result<std::string> save_file(storage::FileType type, std::string_view plaintext);

 private:
  Repository(std::unique_ptr<storage::Backend> backend, crypto::MasterKey key,
             const RepositoryOptions& options);
  Result<Snapshot> load_snapshot(const std::string& name);
  Result<void> load_index_file(const std::string& name);

  const std::unique_ptr<storage::Backend> backend_;
  const crypto::MasterKey key_;
  const RepositoryOptions options_;
  const std::unique_ptr<Index> index_;
  std::string id_;
  std::string key_name_;
  unsigned version_ = 0;
  std::uint64_t chunker_polynomial_ = 0;
};

}  // namespace bulkhead::repository
