#include "storage/internal/transfer.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <mutex>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/guarded.h"
#include "base/text.h"
#include "storage/internal/rate_limit.h"

namespace bulkhead::storage {
namespace {

// More than any pack or index that restic writes: a server cannot make us swallow the memory.
constexpr std::size_t kAnswerSizeMax = std::size_t{1} << 30;
constexpr std::size_t kAnswerHeadersMax = 100;
constexpr long kConnectTimeoutMilliseconds = 10'000;
// A transfer slower than this, in bytes a second, for as many seconds, is given up and tried again.
constexpr long kSpeedMin = 1000;
constexpr long kSlowSecondsMax = 60;

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

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  const std::unique_ptr<char, FreeText> owner(text);
  return text;
}

struct Receiver {
  Answer answer;
  bool too_long = false;
  RateLimit* limit = nullptr;
};

// What is sent bit by bit, where the rate is limited.
struct Sender {
  ByteView content;
  std::size_t sent = 0;
  RateLimit* limit = nullptr;
};

std::size_t on_send(char* room, std::size_t, std::size_t size, void* user) {
  auto& sender = *static_cast<Sender*>(user);
  const std::size_t count =
      std::min({size, sender.content.size() - sender.sent, sender.limit->portion()});
  if (count == 0) return 0;
  sender.limit->take(count);
  std::memcpy(room, sender.content.data() + sender.sent, count);
  sender.sent += count;
  return count;
}

// Where a connection that was kept turns out to be closed, all is sent again on another.
int on_rewind(void* user, curl_off_t offset, int origin) {
  auto& sender = *static_cast<Sender*>(user);
  const bool inside = offset >= 0 && static_cast<std::size_t>(offset) <= sender.content.size();
  if (origin != SEEK_SET || !inside) return CURL_SEEKFUNC_CANTSEEK;
  sender.sent = static_cast<std::size_t>(offset);
  return CURL_SEEKFUNC_OK;
}

std::size_t on_body(char* data, std::size_t, std::size_t count, void* user) {
  auto& receiver = *static_cast<Receiver*>(user);
  receiver.too_long = receiver.answer.body.size() + count > kAnswerSizeMax;
  if (receiver.too_long) return 0;
  if (receiver.limit) receiver.limit->take(count);
  receiver.answer.body.insert(receiver.answer.body.end(), data, data + count);
  return count;
}

std::size_t on_header(char* data, std::size_t, std::size_t count, void* user) {
  auto& headers = static_cast<Receiver*>(user)->answer.headers;
  const auto parts = split_once(std::string_view(data, count), ':');
  if (parts && headers.size() < kAnswerHeadersMax) {
    headers[to_lower_ascii(parts->first)] = trim(parts->second);
  }
  return count;
}

}  // namespace

struct Transfer::State {
  Handle take();
  void set_up(CURL* handle, const Exchange& exchange, Sender& sender) const;
  void set_up_trust(CURL* handle) const;

  TransferOptions options;
  std::unique_ptr<RateLimit> upload_limit;
  std::unique_ptr<RateLimit> download_limit;
  // Idle handles, each with its connection: one for each thread that asks at the same time.
  Guarded<std::vector<Handle>> handles;
};

Transfer::Transfer(TransferOptions options) : state_(std::make_unique<State>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  state_->options = std::move(options);
  const auto make = [](std::uint64_t rate) {
    return rate == 0 ? nullptr : std::make_unique<RateLimit>(rate);
  };
  state_->upload_limit = make(state_->options.upload_limit);
  state_->download_limit = make(state_->options.download_limit);
}

Transfer::~Transfer() = default;

Handle Transfer::State::take() {
  return handles.with([](std::vector<Handle>& idle) {
    if (idle.empty()) return Handle(curl_easy_init());
    Handle taken = std::move(idle.back());
    idle.pop_back();
    return taken;
  });
}

void Transfer::State::set_up_trust(CURL* handle) const {
  if (options.any_certificate) {
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 0L);
  }
  if (!options.ca_certificate_file.empty()) {
    // Only what this authority signed is the store, whomever else the system trusts.
    curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_certificate_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (!options.client_certificate_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, options.client_certificate_file.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, options.client_certificate_file.c_str());
  }
}

void Transfer::State::set_up(CURL* handle, const Exchange& exchange, Sender& sender) const {
  curl_easy_setopt(handle, CURLOPT_URL, exchange.url.c_str());
  // The path is signed, or checked by the server, as it is written here.
  curl_easy_setopt(handle, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, kConnectTimeoutMilliseconds);
  // Where we slow it down ourselves, only one that stands still is given up.
  const bool limited = upload_limit || download_limit;
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, limited ? 1L : kSpeedMin);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, kSlowSecondsMax);
  set_up_trust(handle);
  if (!options.user.empty()) {
    curl_easy_setopt(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(handle, CURLOPT_USERNAME, options.user.c_str());
    curl_easy_setopt(handle, CURLOPT_PASSWORD, std::string(options.password.text()).c_str());
  }
  switch (exchange.verb) {
    case Verb::get: break;
    case Verb::head: curl_easy_setopt(handle, CURLOPT_NOBODY, 1L); break;
    case Verb::del: curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "DELETE"); break;
    case Verb::put: curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, "PUT"); [[fallthrough]];
    case Verb::post:
      curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(exchange.content.size()));
      if (sender.limit) {
        curl_easy_setopt(handle, CURLOPT_POST, 1L);
        curl_easy_setopt(handle, CURLOPT_READFUNCTION, &on_send);
        curl_easy_setopt(handle, CURLOPT_READDATA, &sender);
        curl_easy_setopt(handle, CURLOPT_SEEKFUNCTION, &on_rewind);
        curl_easy_setopt(handle, CURLOPT_SEEKDATA, &sender);
        break;
      }
      // An empty body is a body, too: curl reads from elsewhere where the pointer is null.
      curl_easy_setopt(
          handle, CURLOPT_POSTFIELDS,
          exchange.content.empty() ? "" : reinterpret_cast<const char*>(exchange.content.data()));
      break;
  }
  if (!exchange.range.empty()) curl_easy_setopt(handle, CURLOPT_RANGE, exchange.range.c_str());
}

Result<Answer> Transfer::perform(const Exchange& exchange) {
  Handle handle = state_->take();
  if (!handle) return fail(ErrorKind::internal, "libcurl cannot be started");
  curl_easy_reset(handle.get());
  Sender sender{.content = exchange.content, .limit = state_->upload_limit.get()};
  state_->set_up(handle.get(), exchange, sender);
  List headers(curl_slist_append(nullptr, "Expect:"));
  curl_slist_append(headers.get(), "Content-Type: application/octet-stream");
  for (const std::string& header : exchange.headers) {
    curl_slist_append(headers.get(), header.c_str());
  }
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  Receiver receiver{.limit = state_->download_limit.get()};
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &receiver);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &receiver);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, detail);

  const CURLcode code = curl_easy_perform(handle.get());
  curl_easy_setopt(handle.get(), CURLOPT_ERRORBUFFER, nullptr);
  if (receiver.too_long) return fail(ErrorKind::limit, exchange.url + ": the answer is too long");
  if (code != CURLE_OK) {
    const std::string message =
        fmt::format("{}: {}", exchange.url, detail[0] != '\0' ? detail : curl_easy_strerror(code));
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE ||
        code == CURLE_SSL_CERTPROBLEM) {
      return fail(ErrorKind::denied, message);
    }
    return fail(ErrorKind::unavailable, message, Retry::may_help);
  }
  long status = 0;
  curl_off_t length = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
  receiver.answer.status = static_cast<int>(status);
  receiver.answer.length = length > 0 ? static_cast<std::uint64_t>(length) : 0;
  state_->handles.with([&](std::vector<Handle>& idle) { idle.push_back(std::move(handle)); });
  return std::move(receiver.answer);
}

TransferOptions transfer_options(const OpenOptions& options) {
  TransferOptions out;
  out.ca_certificate_file = options.ca_certificate_file;
  out.client_certificate_file = options.client_certificate_file;
  out.any_certificate = options.any_certificate;
  out.upload_limit = options.upload_limit;
  out.download_limit = options.download_limit;
  return out;
}

Result<Address> parse_address(std::string_view text, std::string_view kind) {
  const Url url(curl_url());
  if (!url) return fail(ErrorKind::unavailable, curl_easy_strerror(CURLE_FAILED_INIT));
  const std::string given(text);
  if (curl_url_set(url.get(), CURLUPART_URL, given.c_str(), 0) != CURLUE_OK) {
    return fail(
        ErrorKind::invalid,
        fmt::format("what follows \"{}:\" is no URL, such as https://vault.example:8000/imo/",
                    kind));
  }
  Address address;
  address.scheme = part_of(url.get(), CURLUPART_SCHEME);
  if (address.scheme != "https" && address.scheme != "http") {
    return fail(ErrorKind::invalid,
                fmt::format("what follows \"{}:\" begins with https:// or http://", kind));
  }
  address.user = part_of(url.get(), CURLUPART_USER, CURLU_URLDECODE);
  address.password = part_of(url.get(), CURLUPART_PASSWORD, CURLU_URLDECODE);
  curl_url_set(url.get(), CURLUPART_USER, nullptr, 0);
  curl_url_set(url.get(), CURLUPART_PASSWORD, nullptr, 0);
  address.url = part_of(url.get(), CURLUPART_URL);
  address.path = part_of(url.get(), CURLUPART_PATH);
  address.authority = part_of(url.get(), CURLUPART_HOST);
  const std::string port = part_of(url.get(), CURLUPART_PORT);
  if (!port.empty() && port != (address.scheme == "https" ? "443" : "80")) {
    address.authority += ":" + port;
  }
  return address;
}

}  // namespace bulkhead::storage
