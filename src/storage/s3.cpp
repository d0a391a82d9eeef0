#include "storage/s3.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "storage/file_names.h"
#include "storage/internal/s3_connection.h"

namespace bulkhead::storage {
namespace {

class S3Backend final : public Backend {
 public:
  explicit S3Backend(std::unique_ptr<S3Connection> store) : store_(std::move(store)) {}

  std::string location() const override { return store_->location(); }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;
  Result<void> replace(const FileId& id, ByteView content) override;

 private:
  Result<void> require_bucket();
  Result<void> put(const FileId& id, ByteView content);
  std::unexpected<Error> refused(const Answer& answer, const std::string& path) const {
    return std::unexpected(S3Connection::error_of(answer, store_->url_of(path)));
  }

  const std::unique_ptr<S3Connection> store_;
};

Result<void> S3Backend::require_bucket() {
  const std::string& bucket = store_->place().bucket;
  const Answer found = TRY(store_->perform({.verb = Verb::head, .path = bucket}));
  if (found.status == 200) return {};
  if (found.status != 404) return refused(found, bucket);
  const Answer made = TRY(store_->perform({.verb = Verb::put, .path = bucket}));
  if (made.status == 200) return {};
  return std::unexpected(
      S3Connection::error_of(made, "making the bucket " + store_->url_of(bucket)));
}

Result<void> S3Backend::create() {
  TRY(require_bucket());
  const auto config = stat({FileType::config, ""});
  if (config) return fail(ErrorKind::conflict, location() + " is a repository already");
  if (config.error().kind() != ErrorKind::not_found) return std::unexpected(config.error());
  return {};
}

// The config has no name, and parity that of its pack.
bool named_by_content(FileType type) {
  return type != FileType::config && type != FileType::parity;
}

Result<void> require_name_of(const FileId& id, ByteView content) {
  if (!named_by_content(id.type) || to_hex(crypto::sha256(content)) == id.name) return {};
  return fail(ErrorKind::invalid, describe(id) + " is not named after these bytes");
}

Result<void> S3Backend::save(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  TRY(require_name_of(id, content));
  if (!named_by_content(id.type)) {
    const auto stored = load(id);
    if (!stored && stored.error().kind() != ErrorKind::not_found) {
      return std::unexpected(stored.error());
    }
    if (stored && std::ranges::equal(*stored, content)) return {};
    if (stored) {
      return fail(ErrorKind::conflict,
                  fmt::format("{} holds another {}", location(), describe(id)));
    }
  }
  return put(id, content);
}

// A store puts the new bytes in place of the old ones at once.
Result<void> S3Backend::replace(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  TRY(require_name_of(id, content));
  return put(id, content);
}

Result<void> S3Backend::put(const FileId& id, ByteView content) {
  const std::string path = store_->path_of(id);
  const Answer answer = TRY(store_->perform({.verb = Verb::put, .path = path, .content = content}));
  if (answer.status != 200) return refused(answer, path);
  return {};
}

Result<Bytes> S3Backend::load(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = store_->path_of(id);
  Answer answer = TRY(store_->perform({.verb = Verb::get, .path = path}));
  if (answer.status != 200) return refused(answer, path);
  return std::move(answer.body);
}

Result<Bytes> S3Backend::load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) {
  TRY(require_file_name(id));
  if (length == 0) return Bytes();
  const std::string path = store_->path_of(id);
  Answer answer =
      TRY(store_->perform({.verb = Verb::get,
                           .path = path,
                           .range = fmt::format("{}-{}", offset, offset + length - 1)}));
  if (answer.status != 206) return refused(answer, path);
  if (answer.body.size() != length) {
    return fail(ErrorKind::corrupt,
                fmt::format("{}: {} bytes instead of {} at offset {}", store_->url_of(path),
                            answer.body.size(), length, offset));
  }
  return std::move(answer.body);
}

Result<FileInfo> S3Backend::stat(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = store_->path_of(id);
  const Answer answer = TRY(store_->perform({.verb = Verb::head, .path = path}));
  if (answer.status != 200) return refused(answer, path);
  return FileInfo{id.name, answer.length};
}

Result<std::vector<FileInfo>> S3Backend::list(FileType type) {
  std::vector<FileInfo> files;
  if (type == FileType::config) {
    const auto config = stat({type, ""});
    if (config) return std::vector<FileInfo>{*config};
    if (config.error().kind() == ErrorKind::not_found) return files;
    return std::unexpected(config.error());
  }
  S3Request request{
      .verb = Verb::get,
      .path = store_->place().bucket,
      .query = {{"list-type", "2"},
                {"prefix", store_->place().prefix + std::string(folder_of(type)) + "/"}}};
  const std::string what = fmt::format("listing {}{}", location(), folder_of(type));
  for (int page = 0; page < kS3ListPagesMax; ++page) {
    const Answer answer = TRY(store_->perform(request));
    pugi::xml_document document;
    TRY(parse_s3_list(answer, "ListBucketResult", what, document));
    const pugi::xml_node result = document.child("ListBucketResult");
    for (const pugi::xml_node& entry : result.children("Contents")) {
      const std::string_view key = entry.child_value("Key");
      const std::string_view name = key.substr(key.rfind('/') + 1);
      if (is_file_name(name)) {
        FileInfo info{std::string(name), entry.child("Size").text().as_ullong()};
        if (const auto stored = from_rfc3339(entry.child_value("LastModified"))) {
          info.received = *stored;
        }
        files.push_back(std::move(info));
      }
    }
    const std::string next = result.child_value("NextContinuationToken");
    if (std::string_view(result.child_value("IsTruncated")) != "true") return files;
    if (next.empty()) return fail(ErrorKind::corrupt, what + ": the list breaks off");
    request.query["continuation-token"] = next;
  }
  return fail(ErrorKind::limit, what + ": the list does not end");
}

Result<void> S3Backend::remove(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = store_->path_of(id);
  const Answer answer = TRY(store_->perform({.verb = Verb::del, .path = path}));
  // The store answers 204 also where there is nothing: who removes wants it gone.
  if (answer.status == 204 || answer.status == 200) return {};
  return refused(answer, path);
}

}  // namespace

Result<std::unique_ptr<Backend>> open_s3(std::string_view url, const OpenOptions& options) {
  return std::make_unique<S3Backend>(TRY(S3Connection::open(url, options)));
}

}  // namespace bulkhead::storage
