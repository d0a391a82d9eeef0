// Where a repository's files are kept. One contract, which local, memory, rest and faulty
// implement and storage/backend_contract.h checks for each of them:
//
// - Every method may be called from several threads at once.
// - save() is atomic: the name appears with all its bytes, or not at all, and what was acknowledged
//   survives a power cut. Saving the same bytes again under the same name succeeds; other bytes
//   under an existing name are an error of kind conflict.
// - load() of a part beyond the end is an error of kind corrupt, never a short answer.
// - A missing file is not_found. Errors that may pass carry Retry::may_help; the backend itself
//   does not retry (storage/retrying.h does).
// - replace() is for what only damage can have changed: a file whose bytes are not what its name
// says,
//   and parity. Old or new bytes are there at every moment where the store can do that (local), and
//   else none for a moment.
// - Names are 64 lower-case hexadecimal digits, except for FileType::config, which has none.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"
#include "storage/unnamed_file.h"

namespace bulkhead::storage {

// Parity files carry the name of the pack that they can mend; restic does not look at them.
enum class FileType { config, key, lock, snapshot, index, data, parity };
// "config", "keys", "locks", "snapshots", "index", "data", "parity": the folder's name in the
// repository.
std::string_view folder_of(FileType type);

struct FileId {
  FileType type;
  std::string name;  // empty for config
};

struct FileInfo {
  std::string name;
  std::uint64_t size = 0;
  // When the store took it in, by the store's own clock; not every store tells.
  std::optional<WallTime> received{};
};

class Backend {
 public:
  virtual ~Backend() = default;
  // For people: "local:/srv/vault", "rest:https://vault.localhost:8000/imo/". Holds no password.
  virtual std::string location() const = 0;
  // Makes the empty layout; kind conflict where a config is there already.
  virtual Result<void> create() = 0;
  virtual Result<void> save(const FileId& id, ByteView content) = 0;
  // For files that are long, and whose names are known only when they are written: a file to append
  // to, which needs no memory, and save() of it. The file stays as it is, so that it can be tried
  // again.
  virtual Result<UnnamedFile> begin_file();
  virtual Result<void> save_file(const FileId& id, const UnnamedFile& file);
  virtual Result<Bytes> load(const FileId& id) = 0;
  virtual Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) = 0;
  // The same into memory that the caller has, and as much as that holds.
  virtual Result<void> load_part_into(const FileId& id, std::uint64_t offset, MutableByteView out);
  virtual Result<FileInfo> stat(const FileId& id) = 0;
  // In no particular order; names that are not of the format are left out.
  virtual Result<std::vector<FileInfo>> list(FileType type) = 0;
  // Kind denied where the store is append-only.
  virtual Result<void> remove(const FileId& id) = 0;
  // Kind denied where the store is append-only.
  virtual Result<void> replace(const FileId& id, ByteView content);
};

// By restic's location syntax: "/path", "local:/path", "rest:https://user:pass@host:port/path/",
// "s3:https://host:port/bucket/prefix". The credentials of rest and s3 may be given here rather
// than in the location; s3 takes its only from here.
struct OpenOptions {
  std::string rest_user;
  std::string rest_password;
  std::string ca_certificate_file;      // PEM, for rest and s3; empty: the system's
  std::string client_certificate_file;  // PEM with certificate and key; empty: none
  bool any_certificate = false;         // of the server: whoever answers is believed to be it
  std::uint64_t upload_limit = 0;       // bytes a second over the network; 0: none
  std::uint64_t download_limit = 0;
  std::string s3_key_id;
  std::string s3_secret_key;
  std::string s3_session_token;
  std::string s3_region;  // empty: us-east-1
};
Result<std::unique_ptr<Backend>> open_backend(std::string_view location,
                                              const OpenOptions& options);

}  // namespace bulkhead::storage
