#include "http/client.h"

#include <mutex>
#include <string>

#include <curl/curl.h>
#include <fmt/format.h>

#include "base/text.h"
#include "http/internal/listener.h"

namespace bulkhead::http {
namespace {

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

void append(List& list, const std::string& text) {
  // On failure curl leaves the list as it was.
  curl_slist* longer = curl_slist_append(list.get(), text.c_str());
  if (longer == nullptr) return;
  (void)list.release();
  list.reset(longer);
}

struct Received {
  ClientResponse response;
  std::size_t body_size_max = 0;
  bool too_long = false;
};

std::size_t on_body(char* data, std::size_t, std::size_t count, void* user) {
  auto& received = *static_cast<Received*>(user);
  if (received.response.body.size() + count > received.body_size_max) {
    received.too_long = true;
    return 0;
  }
  received.response.body.append(data, count);
  return count;
}

std::size_t on_header(char* data, std::size_t, std::size_t count, void* user) {
  auto& received = *static_cast<Received*>(user);
  const std::string_view line = trim(std::string_view(data, count));
  // A 100 Continue has a header of its own before that of the answer.
  if (line.starts_with("HTTP/")) received.response.headers = {};
  if (const auto parts = split_once(line, ':')) {
    received.response.headers.add(std::string(trim(parts->first)),
                                  std::string(trim(parts->second)));
  }
  return count;
}

void initialise_once() {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

}  // namespace

struct Client::State {
  ClientOptions options;
  FileDescriptor socket_folder;
  CURL* handle = nullptr;
  ~State() { curl_easy_cleanup(handle); }
};

Client::Client(ClientOptions options) : state_(std::make_unique<State>()) {
  initialise_once();
  state_->options = std::move(options);
  state_->handle = curl_easy_init();
}

Client::~Client() = default;
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;

namespace {

void set_up_exchange(CURL* handle, const ClientRequest& request, const ClientOptions& options) {
  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, long{CURL_HTTP_VERSION_2TLS});
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options.timeout.count()));
  if (!options.ca_certificate_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, options.ca_certificate_file.c_str());
    curl_easy_setopt(handle, CURLOPT_CAPATH, nullptr);
  }
  if (!options.client_certificate_file.empty()) {
    curl_easy_setopt(handle, CURLOPT_SSLCERT, options.client_certificate_file.c_str());
    curl_easy_setopt(handle, CURLOPT_SSLKEY, options.client_certificate_file.c_str());
  }
  if (request.method == Method::head) {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method != Method::get || !request.body.empty()) {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, std::string(name_of(request.method)).c_str());
  }
  const bool sends = request.method == Method::post || request.method == Method::put ||
                     request.method == Method::patch || !request.body.empty();
  if (sends) {
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, request.body.data());
  }
}

List header_list(const ClientRequest& request) {
  List list;
  for (const auto& [name, value] : request.headers.all()) {
    // In curl's syntax a header with an empty value ends in a semicolon.
    append(list, value.empty() ? name + ";" : name + ": " + value);
  }
  // Our servers need no leave to be asked for, and curl would wait a second for it.
  append(list, "Expect:");
  if (!request.headers.find("Content-Type")) append(list, "Content-Type:");
  return list;
}

}  // namespace

Result<ClientResponse> Client::send(const ClientRequest& request) {
  CURL* handle = state_->handle;
  if (handle == nullptr) return fail(ErrorKind::internal, "libcurl cannot be started");
  const ClientOptions& options = state_->options;
  for (const auto& [name, value] : request.headers.all()) {
    if ((name + value).find_first_of("\r\n") != std::string::npos) {
      return fail(ErrorKind::invalid, fmt::format("header {} holds a line end", name));
    }
  }
  // Keeps connections, forgets everything about the request before.
  curl_easy_reset(handle);
  set_up_exchange(handle, request, options);
  if (!options.unix_socket.empty()) {
    const std::string path = TRY(internal::socket_path(options.unix_socket, state_->socket_folder));
    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, path.c_str());
  }
  List connect_to;
  if (!options.connect_to.empty()) {
    append(connect_to, "::" + options.connect_to);
    curl_easy_setopt(handle, CURLOPT_CONNECT_TO, connect_to.get());
  }
  const List headers = header_list(request);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  Received received;
  received.body_size_max = options.body_size_max;
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &received);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, &on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &received);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);

  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  if (received.too_long) {
    return fail(ErrorKind::limit, fmt::format("{}: the answer is longer than {} bytes", request.url,
                                              options.body_size_max));
  }
  if (code != CURLE_OK) {
    const std::string_view why = detail[0] != '\0' ? detail : curl_easy_strerror(code);
    switch (code) {
      case CURLE_URL_MALFORMAT:
      case CURLE_UNSUPPORTED_PROTOCOL:
        return fail(ErrorKind::invalid, fmt::format("{}: {}", request.url, why));
      case CURLE_PEER_FAILED_VERIFICATION:
      case CURLE_SSL_CACERT_BADFILE:
        return fail(ErrorKind::denied, fmt::format("{}: {}", request.url, why));
      default:
        return fail(ErrorKind::unavailable, fmt::format("{}: {}", request.url, why),
                    Retry::may_help);
    }
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  received.response.status = static_cast<int>(status);
  return std::move(received.response);
}

Result<ClientResponse> Client::get(std::string url) {
  return send({.method = Method::get, .url = std::move(url), .headers = {}, .body = {}});
}

Result<ClientResponse> Client::post_json(std::string url, const json::Value& value) {
  ClientRequest request{
      .method = Method::post, .url = std::move(url), .headers = {}, .body = json::write(value)};
  request.headers.add("Content-Type", "application/json");
  return send(request);
}

Error error_of(const ClientResponse& response) {
  const auto kind = [&] {
    switch (response.status) {
      case 400:
      case 422: return ErrorKind::invalid;
      case 401:
      case 403: return ErrorKind::denied;
      case 404: return ErrorKind::not_found;
      case 409:
      case 412: return ErrorKind::conflict;
      case 413:
      case 429:
      case 507: return ErrorKind::limit;
      case 502:
      case 503:
      case 504: return ErrorKind::unavailable;
      default: return ErrorKind::internal;
    }
  }();
  std::string message = fmt::format("HTTP status {}", response.status);
  if (const auto value = json::parse(response.body)) {
    for (const char* key : {"title", "detail"}) {
      const std::string* text = (*value)[key].string();
      if (text != nullptr && !text->empty()) message = *text;
    }
  }
  return Error(kind, message, kind == ErrorKind::unavailable ? Retry::may_help : Retry::no);
}

}  // namespace bulkhead::http
