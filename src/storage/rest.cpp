#include "storage/rest.h"

#include <algorithm>
#include <mutex>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/guarded.h"
#include "base/text.h"
#include "json/value.h"
#include "storage/file_names.h"

namespace bulkhead::storage {
namespace {

// More than any pack or index that restic writes: a server cannot make us swallow the memory.
constexpr std::size_t kAnswerSizeMax = std::size_t{1} << 30;
constexpr long kConnectTimeoutMilliseconds = 10'000;
// A transfer slower than this, in bytes a second, for as many seconds, is given up and tried again.
constexpr long kSpeedMin = 1000;
constexpr long kSlowSecondsMax = 60;
constexpr const char* kListVersion2 = "Accept: application/vnd.x.restic.rest.v2";

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Handle = std::unique_ptr<CURL, FreeHandle>;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

struct FreeText {
  void operator()(char* text) const { curl_free(text); }
};

// Where the server is, with the credential taken out of the URL.
struct Address {
  std::string url;  // ends in '/'
  std::string user;
  std::string password;
};

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, FreeText> owner(text);
  return text;
}

Result<Address> parse_address(std::string_view text) {
  const Url url(curl_url());
  const std::string given(text);
  // The text may hold a password: no message repeats it.
  if (!url || curl_url_set(url.get(), CURLUPART_URL, given.c_str(), 0) != CURLUE_OK) {
    return fail(ErrorKind::invalid,
                "what follows \"rest:\" is no URL, such as https://vault.example:8000/imo/");
  }
  const std::string scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (scheme != "https" && scheme != "http") {
    return fail(ErrorKind::invalid, "a REST repository's URL begins with https:// or http://");
  }
  Address address;
  address.user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
  address.password = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  address.url = part_of(url.get(), CURLUPART_URL);
  if (!address.url.ends_with('/')) address.url += '/';
  return address;
}

enum class Verb { get, head, post, del };

struct Exchange {
  Verb verb = Verb::get;
  std::string path;              // below the repository
  ByteView content;              // of a post
  std::string range;             // "0-99"
  const char* header = nullptr;  // one more of them
};

struct Answer {
  int status = 0;
  Bytes body;
  std::uint64_t length = 0;  // as announced
  bool too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t count, void* user) {
  auto& answer = *static_cast<Answer*>(user);
  answer.too_long = answer.body.size() + count > kAnswerSizeMax;
  if (answer.too_long) return 0;
  answer.body.insert(answer.body.end(), data, data + count);
  return count;
}

class RestBackend final : public Backend {
 public:
  RestBackend(Address address, std::string ca_certificate_file)
      : address_(std::move(address)), ca_certificate_file_(std::move(ca_certificate_file)) {}

  std::string location() const override { return "rest:" + address_.url; }
  Result<void> create() override;
  Result<void> save(const FileId& id, ByteView content) override;
  Result<Bytes> load(const FileId& id) override;
  Result<Bytes> load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) override;
  Result<FileInfo> stat(const FileId& id) override;
  Result<std::vector<FileInfo>> list(FileType type) override;
  Result<void> remove(const FileId& id) override;

 private:
  Result<Answer> perform(const Exchange& exchange);
  void set_up(CURL* handle, const Exchange& exchange, const std::string& url) const;
  Error error_of(const Answer& answer, std::string_view what) const;
  Result<void> save_again(const FileId& id, ByteView content, const Error& refusal);

  const Address address_;
  const std::string ca_certificate_file_;
  // Idle handles, each with its connection: one for each thread that asks at the same time.
  Guarded<std::vector<Handle>> handles_;
};

void RestBackend::set_up(CURL* handle, const Exchange& exchange, const std::string& url) const {
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMilliseconds);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, kSpeedMin);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kSlowSecondsMax);
  if (!ca_certificate_file_.empty()) {
    // Only what this authority signed is the vault, whomever else the system trusts.
    curl_easy_setopt(handle, CURLOPT_CAINFO, ca_certificate_file_.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (!address_.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(handle, CURLOPT_USERNAME, address_.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, address_.password.c_str());
  }
  switch (exchange.verb) {
    case Verb::get: break;
    case Verb::head: curl_easy_setopt(handle, CURLOPT_NOBODY, 1L); break;
    case Verb::del: curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "DELETE"); break;
    case Verb::post:
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(exchange.content.size()));
      // An empty body is a body, too: curl reads from elsewhere where the pointer is null.
      curl_easy_setopt(
          handle, CURLOPT_POSTFIELDS,
          exchange.content.empty() ? "" : reinterpret_cast<const char*>(exchange.content.data()));
      break;
  }
  if (!exchange.range.empty()) curl_easy_setopt(handle, CURLOPT_RANGE, exchange.range.c_str());
}

Result<Answer> RestBackend::perform(const Exchange& exchange) {
  Handle handle = handles_.with([](std::vector<Handle>& idle) {
    if (idle.empty()) return Handle(curl_easy_init());
    Handle taken = std::move(idle.back());
    idle.pop_back();
    return taken;
  });
  if (!handle) return fail(ErrorKind::internal, "libcurl cannot be started");
  curl_easy_reset(handle.get());
  const std::string url = address_.url + exchange.path;
  set_up(handle.get(), exchange, url);
  List headers(curl_slist_append(nullptr, "Expect:"));
  curl_slist_append(headers.get(), "Content-Type: application/octet-stream");
  if (exchange.header != nullptr) curl_slist_append(headers.get(), exchange.header);
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  Answer answer;
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &answer);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail);

  const CURLcode code = curl_easy_perform(handle.get());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, nullptr);
  if (answer.too_long) return fail(ErrorKind::limit, url + ": the answer is too long");
  if (code != CURLE_OK) {
    const std::string message =
        fmt::format("{}: {}", url, detail[0] != '\0' ? detail : curl_easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE) {
      return fail(ErrorKind::denied, message);
    }
    return fail(ErrorKind::unavailable, message, Retry::may_help);
  }
  long status = 0;
  curl_off_t length = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  answer.status = static_cast<int>(status);
  answer.length = length > 0 ? static_cast<std::uint64_t>(length) : 0;
  handles_.with([&](std::vector<Handle>& idle) { idle.push_back(std::move(handle)); });
  return answer;
}

Error RestBackend::error_of(const Answer& answer, std::string_view what) const {
  std::string detail = fmt::format("the server answers {}", answer.status);
  if (const auto problem = json::parse(as_text(answer.body))) {
    if (const std::string* text = (*problem)["detail"].string()) detail += ": " + *text;
  }
  const std::string message = fmt::format("{}{}: {}", address_.url, what, detail);
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
  const Answer answer =
      TRY(perform({.verb = Verb::post, .path = "?create=true", .content = {}, .range = {}}));
  if (answer.status != 200) return std::unexpected(error_of(answer, "?create=true"));
  return {};
}

Result<void> RestBackend::save(const FileId& id, ByteView content) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  const Answer answer =
      TRY(perform({.verb = Verb::post, .path = path, .content = content, .range = {}}));
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
  return fail(ErrorKind::conflict, address_.url + describe(id) + " holds other bytes");
}

Result<Bytes> RestBackend::load(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  Answer answer = TRY(perform({.verb = Verb::get, .path = path, .content = {}, .range = {}}));
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  return std::move(answer.body);
}

Result<Bytes> RestBackend::load_part(const FileId& id, std::uint64_t offset, std::uint64_t length) {
  TRY(require_file_name(id));
  if (length == 0) return Bytes();
  const std::string path = describe(id);
  Answer answer = TRY(perform({.verb = Verb::get,
                               .path = path,
                               .content = {},
                               .range = fmt::format("{}-{}", offset, offset + length - 1)}));
  if (answer.status == 200 && offset == 0 && answer.body.size() == length) answer.status = 206;
  if (answer.status != 206 && answer.status != 200) {
    return std::unexpected(error_of(answer, path));
  }
  if (answer.status == 200 || answer.body.size() != length) {
    return fail(ErrorKind::corrupt,
                fmt::format("{}{}: {} bytes instead of {} at offset {}", address_.url, path,
                            answer.body.size(), length, offset));
  }
  return std::move(answer.body);
}

Result<FileInfo> RestBackend::stat(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  const Answer answer =
      TRY(perform({.verb = Verb::head, .path = path, .content = {}, .range = {}}));
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
  const Answer answer = TRY(perform(
      {.verb = Verb::get, .path = path, .content = {}, .range = {}, .header = kListVersion2}));
  if (answer.status == 404) return std::vector<FileInfo>();
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  const json::Value listed = TRY_CONTEXT(json::parse(as_text(answer.body)), address_.url + path);
  if (!listed.is_array()) {
    return fail(ErrorKind::corrupt, address_.url + path + ": the list is no array");
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
      files.push_back({name, TRY(item["size"].to_u64("size"))});
    }
  }
  return files;
}

Result<void> RestBackend::remove(const FileId& id) {
  TRY(require_file_name(id));
  const std::string path = describe(id);
  const Answer answer = TRY(perform({.verb = Verb::del, .path = path, .content = {}, .range = {}}));
  if (answer.status != 200) return std::unexpected(error_of(answer, path));
  return {};
}

}  // namespace

Result<std::unique_ptr<Backend>> open_rest(std::string_view url, const OpenOptions& options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  Address address = TRY(parse_address(url));
  if (!options.rest_user.empty()) address.user = options.rest_user;
  if (!options.rest_password.empty()) address.password = options.rest_password;
  return std::make_unique<RestBackend>(std::move(address), options.ca_certificate_file);
}

}  // namespace bulkhead::storage
