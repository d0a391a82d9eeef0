#include "storage/locked_store.h"

#include <algorithm>
#include <map>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "storage/file_names.h"
#include "storage/internal/s3_connection.h"

namespace bulkhead::storage {
namespace {

constexpr std::string_view kCompliance = "COMPLIANCE";

Bytes digest_md5(ByteView content) {
  Bytes digest(16);
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_md5(), nullptr) != 1) {
    return {};
  }
  return digest;
}

std::string rfc3339_seconds(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::string header_of(const Answer& answer, std::string_view name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? std::string() : found->second;
}

std::optional<WallTime> lock_of(const Answer& answer) {
  if (header_of(answer, "x-amz-object-lock-mode") != kCompliance) return {};
  const auto until = from_rfc3339(header_of(answer, "x-amz-object-lock-retain-until-date"));
  return until ? std::optional(*until) : std::nullopt;
}

// An entity tag is the MD5 of what was put in one piece, unless the store seals it by a key.
std::string md5_in(std::string tag) {
  std::erase(tag, '"');
  const bool is_md5 = tag.size() == 32 && tag.find_first_not_of("0123456789abcdef") == tag.npos;
  return is_md5 ? tag : "";
}

std::map<std::string, std::string> of_version(const std::string& version) {
  if (version.empty()) return {};
  return {{"versionId", version}};
}

class LockedS3 final : public LockedStore {
 public:
  explicit LockedS3(std::unique_ptr<S3Connection> store) : store_(std::move(store)) {}

  std::string location() const override { return store_->location(); }
  Result<void> put(const FileId& id, ByteView content, WallTime until) override {
    TRY(require_file_name(id));
    TRY(put_object(store_->path_of(id), content, until));
    return {};
  }
  Result<NewestVersion> newest(const FileId& id) override;
  Result<void> extend(const FileId& id, const std::string& version, WallTime until) override;
  Result<std::vector<LockedVersion>> versions(FileType type) override;
  Result<std::vector<LockedVersion>> versions_of(const FileId& id) override;
  Result<Bytes> load(const FileId& id, const std::string& version) override;

  // Answers the version that was made, empty where the bucket keeps none.
  Result<std::string> put_object(const std::string& path, ByteView content, WallTime until);
  S3Connection& store() { return *store_; }

 private:
  struct Keys {
    std::string prefix;
    FileId id;  // without a name: all of its type
  };
  Result<std::vector<LockedVersion>> list(const Keys& keys);
  Result<void> require_lock(const std::string& path, const std::string& version, WallTime until);
  std::unexpected<Error> refused(const Answer& answer, const std::string& path) const {
    return std::unexpected(S3Connection::error_of(answer, store_->url_of(path)));
  }

  const std::unique_ptr<S3Connection> store_;
};

Result<std::string> LockedS3::put_object(const std::string& path, ByteView content,
                                         WallTime until) {
  S3Request request{.verb = Verb::put, .path = path, .content = content};
  // S3 asks for it beside a lock: a hash of the payload that the lock was meant for.
  request.headers["content-md5"] = to_base64(digest_md5(content));
  request.headers["x-amz-object-lock-mode"] = kCompliance;
  request.headers["x-amz-object-lock-retain-until-date"] = rfc3339_seconds(until);
  const Answer answer = TRY(store_->perform(std::move(request)));
  if (answer.status != 200) return refused(answer, path);
  std::string version = header_of(answer, "x-amz-version-id");
  TRY(require_lock(path, version, until));
  return version;
}

// Stores have been seen that take the lock's headers and forget them.
Result<void> LockedS3::require_lock(const std::string& path, const std::string& version,
                                    WallTime until) {
  const Answer answer =
      TRY(store_->perform({.verb = Verb::head, .path = path, .query = of_version(version)}));
  if (answer.status != 200) return refused(answer, path);
  // The store was told whole seconds.
  if (const auto locked = lock_of(answer); locked && *locked + std::chrono::seconds(1) > until) {
    return {};
  }
  return fail(ErrorKind::denied,
              fmt::format("{}: the store took the object, but not its lock: make the bucket with "
                          "object lock, on a store that keeps it",
                          store_->url_of(path)));
}

Result<NewestVersion> LockedS3::newest(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = store_->path_of(id);
  const Answer answer = TRY(store_->perform({.verb = Verb::head, .path = path}));
  if (answer.status != 200) return refused(answer, path);
  return NewestVersion{header_of(answer, "x-amz-version-id"), answer.length,
                       md5_in(header_of(answer, "etag")), lock_of(answer)};
}

Result<void> LockedS3::extend(const FileId& id, const std::string& version, WallTime until) {
  TRY(require_file_name(id));
  const std::string path = store_->path_of(id);
  if (require_lock(path, version, until)) return {};
  const std::string wanted = fmt::format(
      "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>{}</Mode>"
      "<RetainUntilDate>{}</RetainUntilDate></Retention>",
      kCompliance, rfc3339_seconds(until));
  S3Request request{
      .verb = Verb::put, .path = path, .query = of_version(version), .content = as_bytes(wanted)};
  request.query["retention"] = "";
  request.headers["content-md5"] = to_base64(digest_md5(as_bytes(wanted)));
  const Answer answer = TRY(store_->perform(std::move(request)));
  if (answer.status != 200) return refused(answer, path);
  return require_lock(path, version, until);
}

// Of one name the store tells the newest first.
std::vector<LockedVersion> all_of(std::map<std::string, std::vector<LockedVersion>> by_name) {
  std::vector<LockedVersion> all;
  for (auto& [name, versions] : by_name) {
    std::move(versions.rbegin(), versions.rend(), std::back_inserter(all));
  }
  return all;
}

Result<std::vector<LockedVersion>> LockedS3::list(const Keys& keys) {
  std::map<std::string, std::vector<LockedVersion>> found;
  S3Request request{.verb = Verb::get,
                    .path = store_->place().bucket,
                    .query = {{"versions", ""}, {"prefix", keys.prefix}}};
  const std::string what =
      fmt::format("listing the versions of {}{}", store_->location(), folder_of(keys.id.type));
  for (int page = 0; page < kS3ListPagesMax; ++page) {
    pugi::xml_document document;
    const Answer answer = TRY(store_->perform(request));
    TRY(parse_s3_list(answer, "ListVersionsResult", what, document));
    const pugi::xml_node result = document.child("ListVersionsResult");
    for (const pugi::xml_node& entry : result.children("Version")) {
      const std::string_view key = entry.child_value("Key");
      const bool is_config = keys.id.type == FileType::config;
      const std::string_view name = is_config ? "" : key.substr(key.rfind('/') + 1);
      // A prefix finds what begins so, too.
      if (is_config || !keys.id.name.empty() ? key != keys.prefix : !is_file_name(name)) continue;
      const auto stored = from_rfc3339(entry.child_value("LastModified"));
      if (!stored) return fail(ErrorKind::corrupt, what + ": an entry has no time");
      found[std::string(name)].push_back({std::string(name), entry.child_value("VersionId"),
                                          entry.child("Size").text().as_ullong(),
                                          md5_in(entry.child_value("ETag")), *stored});
    }
    if (std::string_view(result.child_value("IsTruncated")) != "true") {
      return all_of(std::move(found));
    }
    request.query["key-marker"] = result.child_value("NextKeyMarker");
    request.query["version-id-marker"] = result.child_value("NextVersionIdMarker");
    if (request.query["key-marker"].empty()) {
      return fail(ErrorKind::corrupt, what + ": the list breaks off");
    }
  }
  return fail(ErrorKind::limit, what + ": the list does not end");
}

Result<std::vector<LockedVersion>> LockedS3::versions(FileType type) {
  if (type == FileType::config) return versions_of({type, ""});
  return list({store_->place().prefix + std::string(folder_of(type)) + "/", {type, ""}});
}

Result<std::vector<LockedVersion>> LockedS3::versions_of(const FileId& id) {
  TRY(require_file_name(id));
  return list({store_->path_of(id).substr(store_->place().bucket.size() + 1), id});
}

Result<Bytes> LockedS3::load(const FileId& id, const std::string& version) {
  TRY(require_file_name(id));
  const std::string path = store_->path_of(id);
  Answer answer =
      TRY(store_->perform({.verb = Verb::get, .path = path, .query = of_version(version)}));
  if (answer.status != 200) return refused(answer, path);
  return std::move(answer.body);
}

}  // namespace

std::string md5_of(ByteView content) { return to_hex(digest_md5(content)); }

Result<std::unique_ptr<LockedStore>> open_locked_s3(std::string_view url,
                                                    const OpenOptions& options) {
  return std::make_unique<LockedS3>(TRY(S3Connection::open(url, options)));
}

Result<void> prove_object_lock(std::string_view url, const OpenOptions& options,
                               std::chrono::seconds proof, const Clock& clock) {
  LockedS3 locked(TRY(S3Connection::open(url, options)));
  S3Connection& store = locked.store();
  const std::string path = store.place().bucket + "/" + store.place().prefix + "lock-proof";
  const auto put = locked.put_object(
      path, as_bytes("Bulkhead tried to delete this object while it was locked.\n"),
      clock.now() + proof);
  // S3's answer to a lock in a bucket that was made without.
  if (!put && put.error().message().find("InvalidRequest") != std::string::npos) {
    return fail(ErrorKind::denied,
                put.error().message() +
                    ": a bucket that was made without object lock takes no locked object: make "
                    "one with it");
  }
  const std::string version = TRY(put);
  if (version.empty()) {
    return fail(ErrorKind::denied, store.location() +
                                       ": the bucket keeps no versions, so that an object can be "
                                       "replaced: make it with object lock");
  }
  const Answer deleted =
      TRY(store.perform({.verb = Verb::del, .path = path, .query = {{"versionId", version}}}));
  if (deleted.status == 403) return {};
  return fail(ErrorKind::denied,
              fmt::format("{}: the store deleted a locked object (it answered {}): it cannot hold "
                          "a vault",
                          store.location(), deleted.status));
}

}  // namespace bulkhead::storage
