#include "storage/rest.h"

#include <algorithm>

#include <fmt/format.h>

#include "json/value.h"
#include "storage/file_names.h"
#include "storage/internal/transfer.h"

namespace bulkhead::storage {
namespace {

constexpr const char* kListVersion2 = "Accept: application/vnd.x.restic.rest.v2";

class RestBackend final : public Backend {
 public:
  RestBackend(std::string url, TransferOptions options)
      : url_(std::move(url)), transfer_(std::move(options)) {}

  std::string location() const override { return "rest:" + url_; }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;

 private:
  Error error_of(const Answer& answer, std::string_view what) const;
  Result<void> save_again(const FileId& id, ByteView content, const Error& refusal);

  const std::string url_;  // ends in '/'
  Transfer transfer_;
};

Error RestBackend::error_of(const Answer& answer, std::string_view what) const {
  std::string detail = fmt::format("the server answers {}", answer.status);
  if (const auto problem = json::parse(as_text(answer.body))) {
    if (const std::string* text = (*problem)["detail"].string()) detail += ": " + *text;
  }
  const std::string message = fmt::format("{}{}: {}", url_, what, detail);
  switch (answer.status) {
    case 400: return Error(ErrorKind::invalid, message);
    case 401:
    case 403:
    case 405: return Error(ErrorKind::denied, message);
    case 404: return Error(ErrorKind::not_found, message);
    case 413:
    case 507: return Error(ErrorKind::limit, message);
    case 416: return Error(ErrorKind::corrupt, message);
    default: return Error(ErrorKind::unavailable, message, Retry::may_help);
  }
}

Result<void> RestBackend::create() {
  const auto config = stat({FileType::config, ""});
  if (config) return fail(ErrorKind::conflict, location() + " is a repository already");
  if (config.error().kind() != ErrorKind::not_found) return std::unexpected(config.error());
  const Answer answer = TRY(transfer_.perform({.verb = Verb::post, .url = url_ + "?create=true"}));
  if (answer.status != 200) return std::unexpected(error_of(answer, "?create=true"));
  return {};
}

Result<void> RestBackend::save(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  const Answer answer =
      TRY(transfer_.perform({.verb = Verb::post, .url = url_ + path, .content = content}));
  if (answer.status == 200) return {};
  const Error error = error_of(answer, path);
  // rest-server refuses a name that it has, even if the bytes are the same.
  if (answer.status == 403) return save_again(id, content, error);
  return std::unexpected(error);
}

Result<void> RestBackend::save_again(const FileId& id, ByteView content, const Error& refusal) {
  const auto stored = load(id);
  if (!stored) return std::unexpected(refusal);
  if (std::equal(stored->begin(), stored->end(), content.begin(), content.end())) return {};
  return fail(ErrorKind::conflict, url_ + describe(id) + " holds other bytes");
}

Result<Bytes> RestBackend::load(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  Answer answer = TRY(transfer_.perform({.verb = Verb::get, .url = url_ + path}));
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  return std::move(answer.body);
}

Result<Bytes> RestBackend::load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) {
  TRY(require_file_name(id));
  if (length == 0) return Bytes();
  const std::string path = describe(id);
  Answer answer =
      TRY(transfer_.perform({.verb = Verb::get,
                             .url = url_ + path,
                             .range = fmt::format("{}-{}", offset, offset + length - 1)}));
  if (answer.status == 200 && offset == 0 && answer.body.size() == length) answer.status = 206;
  if (answer.status != 206 && answer.status != 200) {
    return std::unexpected(error_of(answer, path));
  }
  if (answer.status == 200 || answer.body.size() != length) {
    return fail(ErrorKind::corrupt, fmt::format("{}{}: {} bytes instead of {} at offset {}", url_,
                                                path, answer.body.size(), length, offset));
  }
  return std::move(answer.body);
}

Result<FileInfo> RestBackend::stat(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  const Answer answer = TRY(transfer_.perform({.verb = Verb::head, .url = url_ + path}));
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  return FileInfo{id.name, answer.length};
}

Result<std::vector<FileInfo>> RestBackend::list(FileType type) {
  if (type == FileType::config) {
    const auto config = stat({type, ""});
    if (config) return std::vector<FileInfo>{*config};
    if (config.error().kind() == ErrorKind::not_found) return std::vector<FileInfo>();
    return std::unexpected(config.error());
  }
  const std::string path = std::string(folder_of(type)) + "/";
  const Answer answer =
      TRY(transfer_.perform({.verb = Verb::get, .url = url_ + path, .headers = {kListVersion2}}));
  if (answer.status == 404) return std::vector<FileInfo>();
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  const json::Value listed = TRY_CONTEXT(json::parse(as_text(answer.body)), url_ + path);
  if (!listed.is_array()) {
    return fail(ErrorKind::corrupt, url_ + path + ": the list is no array");
  }
  std::vector<FileInfo> files;
  for (const json::Value& item : *listed.array()) {
    // Version 1 of the protocol lists bare names.
    const bool bare = item.is_string();
    const std::string name = TRY((bare ? item : item["name"]).to_string("name"));
    if (!is_file_name(name)) continue;
    if (bare) {
      files.push_back(TRY(stat({type, name})));
    } else {
      FileInfo info{name, TRY(item["size"].to_u64("size"))};
      // Not part of the protocol; other readers pass over it.
      if (const std::string* received = item["received"].string()) {
        info.received = TRY(from_rfc3339(*received));
      }
      files.push_back(std::move(info));
    }
  }
  return files;
}

Result<void> RestBackend::remove(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  const Answer answer = TRY(transfer_.perform({.verb = Verb::del, .url = url_ + path}));
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  return {};
}

}  // namespace

Result<std::unique_ptr<Backend>> open_rest(std::string_view url, const OpenOptions& options) {
  Address address = TRY(parse_address(url, "rest"));
  if (!address.url.ends_with('/')) address.url += '/';
  if (!options.rest_user.empty()) address.user = options.rest_user;
  if (!options.rest_password.empty()) address.password = options.rest_password;
  TransferOptions transfer = transfer_options(options);
  transfer.user = address.user;
  transfer.password = crypto::Secret::copy_of(address.password);
  return std::make_unique<RestBackend>(std::move(address.url), std::move(transfer));
}

}  // namespace bulkhead::storage
