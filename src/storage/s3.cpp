#include "storage/s3.h"

#include <algorithm>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <pugixml.hpp>

#include "crypto/sha256.h"
#include "storage/file_names.h"
#include "storage/internal/aws_signature.h"
#include "storage/internal/transfer.h"

namespace bulkhead::storage {
namespace {

constexpr std::string_view kDefaultRegion = "us-east-1";
// A list of ten million packs has 10,000 pages; a store that never ends its list is at fault.
constexpr int kListPagesMax = 100'000;

struct Request {
  Verb verb = Verb::get;
  std::string path;  // of the object or the bucket, not percent-encoded
  std::map<std::string, std::string> query = {};
  std::map<std::string, std::string> headers = {};
  ByteView content = {};
  std::string range = {};
};

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::get: return "GET";
    case Verb::head: return "HEAD";
    case Verb::post: return "POST";
    case Verb::put: return "PUT";
    case Verb::del: return "DELETE";
  }
  return "";
}

// S3 asks for it beside a lock: a hash of the payload that the lock was meant for.
std::string content_md5(ByteView content) {
  Bytes digest(16);
  unsigned length = 0;
  if (EVP_Digest(content.data(), content.size(), digest.data(), &length, EVP_md5(), nullptr) != 1) {
    return {};
  }
  return to_base64(digest);
}

std::string rfc3339_seconds(WallTime time) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

// The bucket and what a repository's names begin with in it.
struct Place {
  std::string url;     // "https://host:port"
  std::string host;    // "host:port"
  std::string bucket;  // "/bucket"
  std::string prefix;  // "" or "a/b/"
};

Result<Place> parse_place(std::string_view text) {
  const bool has_scheme = text.starts_with("http://") || text.starts_with("https://");
  const Address address =
      TRY(parse_address((has_scheme ? "" : "https://") + std::string(text), "s3"));
  if (!address.user.empty()) {
    return fail(ErrorKind::invalid,
                "an S3 location holds no credential: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY");
  }
  const std::string_view path = std::string_view(address.path).substr(1);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view bucket = path.substr(0, slash);
  if (bucket.empty() || address.path.find('%') != std::string::npos) {
    return fail(ErrorKind::invalid,
                "what follows \"s3:\" names a host, a bucket, and a prefix in plain letters: "
                "https://s3.example/bucket/prefix");
  }
  Place place{address.scheme + "://" + address.authority, address.authority,
              "/" + std::string(bucket),
              std::string(path.substr(std::min(slash + 1, path.size())))};
  while (place.prefix.ends_with('/')) place.prefix.pop_back();
  if (!place.prefix.empty()) place.prefix += '/';
  return place;
}

Error error_of(const Answer& answer, const std::string& what) {
  pugi::xml_document document;
  document.load_buffer(answer.body.data(), answer.body.size());
  const pugi::xml_node node = document.child("Error");
  const std::string_view code = node.child_value("Code");
  std::string message = fmt::format("{}: the store answers {}", what, answer.status);
  if (!code.empty()) message += fmt::format(" {} {}", code, node.child_value("Message"));
  switch (answer.status) {
    case 400: return Error(ErrorKind::invalid, message);
    case 401:
    case 403:
      if (code == "RequestTimeTooSkewed") message += " (set this machine's clock)";
      return Error(ErrorKind::denied, message);
    case 404: return Error(ErrorKind::not_found, message);
    case 409: return Error(ErrorKind::conflict, message);
    case 413:
    case 507: return Error(ErrorKind::limit, message);
    case 416: return Error(ErrorKind::corrupt, message);
    default: return Error(ErrorKind::unavailable, message, Retry::may_help);
  }
}

class S3Backend final : public Backend {
 public:
  S3Backend(Place place, AwsCredential credential, TransferOptions transfer,
            std::optional<S3LockOptions> lock)
      : place_(std::move(place)),
        credential_(std::move(credential)),
        transfer_(std::move(transfer)),
        lock_(lock) {}

  std::string location() const override {
    return "s3:" + place_.url + place_.bucket + "/" + place_.prefix;
  }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;

  Result<Answer> perform(Request request);
  // Answers the version that was made, empty where the bucket keeps none.
  Result<std::string> put(const std::string& key, ByteView content,
                          std::optional<WallTime> retain_until);
  const Place& place() const { return place_; }

 private:
  std::string key_of(const FileId& id) const;
  Result<void> require_bucket();
  Result<void> require_lock(const std::string& path, WallTime retain_until);

  const Place place_;
  const AwsCredential credential_;
  Transfer transfer_;
  const std::optional<S3LockOptions> lock_;
};

std::string S3Backend::key_of(const FileId& id) const {
  if (id.type != FileType::data) return place_.prefix + describe(id);
  return place_.prefix + "data/" + id.name.substr(0, 2) + "/" + id.name;
}

Result<Answer> S3Backend::perform(Request request) {
  AwsRequest to_sign{std::string(name_of(request.verb)),
                     place_.host,
                     request.path,
                     request.query,
                     std::move(request.headers),
                     to_hex(crypto::sha256(request.content))};
  const std::string authorization = sign(to_sign, credential_, SystemClock().now());
  Exchange exchange{.verb = request.verb,
                    .url = place_.url + aws_encode(request.path, Slash::keep),
                    .content = request.content,
                    .range = std::move(request.range)};
  if (!request.query.empty()) exchange.url += "?" + aws_query(request.query);
  for (const auto& [name, value] : to_sign.headers) {
    if (name != "host") exchange.headers.push_back(name + ": " + value);
  }
  exchange.headers.push_back("Authorization: " + authorization);
  return transfer_.perform(exchange);
}

Result<void> S3Backend::require_bucket() {
  const Answer found = TRY(perform({.verb = Verb::head, .path = place_.bucket}));
  if (found.status == 200) return {};
  if (found.status != 404) return std::unexpected(error_of(found, place_.url + place_.bucket));
  Request request{.verb = Verb::put, .path = place_.bucket};
  if (lock_) request.headers["x-amz-bucket-object-lock-enabled"] = "true";
  const Answer made = TRY(perform(std::move(request)));
  if (made.status == 200) return {};
  return std::unexpected(error_of(made, "making the bucket " + place_.url + place_.bucket));
}

Result<void> S3Backend::create() {
  TRY(require_bucket());
  const auto config = stat({FileType::config, ""});
  if (config) return fail(ErrorKind::conflict, location() + " is a repository already");
  if (config.error().kind() != ErrorKind::not_found) return std::unexpected(config.error());
  return {};
}

Result<std::string> S3Backend::put(const std::string& key, ByteView content,
                                   std::optional<WallTime> retain_until) {
  Request request{.verb = Verb::put, .path = place_.bucket + "/" + key, .content = content};
  if (retain_until) {
    request.headers["content-md5"] = content_md5(content);
    request.headers["x-amz-object-lock-mode"] = "COMPLIANCE";
    request.headers["x-amz-object-lock-retain-until-date"] = rfc3339_seconds(*retain_until);
  }
  const std::string path = request.path;
  const Answer answer = TRY(perform(std::move(request)));
  if (answer.status != 200) return std::unexpected(error_of(answer, place_.url + path));
  if (retain_until) TRY(require_lock(path, *retain_until));
  const auto version = answer.headers.find("x-amz-version-id");
  return version == answer.headers.end() ? std::string() : version->second;
}

// Stores have been seen that take the lock's headers and forget them.
Result<void> S3Backend::require_lock(const std::string& path, WallTime retain_until) {
  const Answer answer = TRY(perform({.verb = Verb::head, .path = path}));
  if (answer.status != 200) return std::unexpected(error_of(answer, place_.url + path));
  const auto header = [&](std::string_view name) {
    const auto found = answer.headers.find(name);
    return found == answer.headers.end() ? std::string() : found->second;
  };
  const auto until = from_rfc3339(header("x-amz-object-lock-retain-until-date"));
  if (header("x-amz-object-lock-mode") == "COMPLIANCE" && until &&
      *until + std::chrono::seconds(1) > retain_until) {
    return {};
  }
  return fail(ErrorKind::denied,
              fmt::format("{}{}: the store took the object, but not its lock: make the bucket with "
                          "object lock, on a store that keeps it",
                          place_.url, path));
}

Result<void> S3Backend::save(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  if (id.type == FileType::config) {
    const auto stored = load(id);
    if (!stored && stored.error().kind() != ErrorKind::not_found) {
      return std::unexpected(stored.error());
    }
    if (stored && std::ranges::equal(*stored, content)) return {};
    if (stored) return fail(ErrorKind::conflict, location() + " holds another config");
  } else if (to_hex(crypto::sha256(content)) != id.name) {
    return fail(ErrorKind::invalid, describe(id) + " is not named after these bytes");
  }
  std::optional<WallTime> retain_until;
  // A lock file lives for minutes: it is no part of what the retention keeps.
  if (lock_ && id.type != FileType::lock) retain_until = lock_->clock->now() + lock_->period;
  TRY(put(key_of(id), content, retain_until));
  return {};
}

Result<Bytes> S3Backend::load(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = place_.bucket + "/" + key_of(id);
  Answer answer = TRY(perform({.verb = Verb::get, .path = path}));
  if (answer.status != 200) return std::unexpected(error_of(answer, place_.url + path));
  return std::move(answer.body);
}

Result<Bytes> S3Backend::load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) {
  TRY(require_file_name(id));
  if (length == 0) return Bytes();
  const std::string path = place_.bucket + "/" + key_of(id);
  Answer answer = TRY(perform({.verb = Verb::get,
                               .path = path,
                               .range = fmt::format("{}-{}", offset, offset + length - 1)}));
  if (answer.status != 206) return std::unexpected(error_of(answer, place_.url + path));
  if (answer.body.size() != length) {
    return fail(ErrorKind::corrupt,
                fmt::format("{}{}: {} bytes instead of {} at offset {}", place_.url, path,
                            answer.body.size(), length, offset));
  }
  return std::move(answer.body);
}

Result<FileInfo> S3Backend::stat(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = place_.bucket + "/" + key_of(id);
  const Answer answer = TRY(perform({.verb = Verb::head, .path = path}));
  if (answer.status != 200) return std::unexpected(error_of(answer, place_.url + path));
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
  Request request{.verb = Verb::get,
                  .path = place_.bucket,
                  .query = {{"list-type", "2"},
                            {"prefix", place_.prefix + std::string(folder_of(type)) + "/"}}};
  const std::string what = fmt::format("listing {}{}", location(), folder_of(type));
  for (int page = 0; page < kListPagesMax; ++page) {
    const Answer answer = TRY(perform(request));
    if (answer.status != 200) return std::unexpected(error_of(answer, what));
    pugi::xml_document document;
    const auto parsed = document.load_buffer(answer.body.data(), answer.body.size());
    const pugi::xml_node result = document.child("ListBucketResult");
    if (!parsed || !result) return fail(ErrorKind::corrupt, what + ": the answer is no list");
    for (const pugi::xml_node& entry : result.children("Contents")) {
      const std::string_view key = entry.child_value("Key");
      const std::string_view name = key.substr(key.rfind('/') + 1);
      if (is_file_name(name)) {
        files.push_back({std::string(name), entry.child("Size").text().as_ullong()});
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
  const std::string path = place_.bucket + "/" + key_of(id);
  const Answer answer = TRY(perform({.verb = Verb::del, .path = path}));
  // The store answers 204 also where there is nothing: who removes wants it gone.
  if (answer.status == 204 || answer.status == 200) return {};
  return std::unexpected(error_of(answer, place_.url + path));
}

Result<std::unique_ptr<S3Backend>> open(std::string_view url, const OpenOptions& options,
                                        std::optional<S3LockOptions> lock) {
  Place place = TRY(parse_place(url));
  if (options.s3_key_id.empty() || options.s3_secret_key.empty()) {
    return fail(ErrorKind::invalid,
                "no credential for the S3 store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  AwsCredential credential{
      options.s3_key_id, crypto::Secret::copy_of(options.s3_secret_key), options.s3_session_token,
      options.s3_region.empty() ? std::string(kDefaultRegion) : options.s3_region};
  return std::make_unique<S3Backend>(std::move(place), std::move(credential),
                                     transfer_options(options), lock);
}

}  // namespace

Result<std::unique_ptr<Backend>> open_s3(std::string_view url, const OpenOptions& options,
                                         std::optional<S3LockOptions> lock) {
  return TRY(open(url, options, lock));
}

Result<void> prove_object_lock(std::string_view url, const OpenOptions& options,
                               std::chrono::seconds proof, const Clock& clock) {
  const auto backend = TRY(open(url, options, {}));
  const std::string key = backend->place().prefix + "lock-proof";
  const std::string version =
      TRY(backend->put(key, as_bytes("Bulkhead tried to delete this object while it was locked.\n"),
                       clock.now() + proof));
  if (version.empty()) {
    return fail(ErrorKind::denied, backend->location() +
                                       ": the bucket keeps no versions, so that an object can be "
                                       "replaced: make it with object lock");
  }
  const Answer deleted = TRY(backend->perform({.verb = Verb::del,
                                               .path = backend->place().bucket + "/" + key,
                                               .query = {{"versionId", version}}}));
  if (deleted.status == 403) return {};
  return fail(ErrorKind::denied,
              fmt::format("{}: the store deleted a locked object (it answered {}): it cannot hold "
                          "a vault",
                          backend->location(), deleted.status));
}

}  // namespace bulkhead::storage
