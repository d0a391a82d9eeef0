#include "cli/drill/line_connection.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <poll.h>

namespace bulkhead::cli::drill {
namespace {

constexpr std::size_t kBufferedMax = 1 << 20;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;

Error curl_error(std::string_view what, const char* detail) {
  return Error(ErrorKind::unavailable, fmt::format("{}: {}", what, detail), Retry::may_help);
}

}  // namespace

struct LineConnection::State {
  Handle handle{nullptr, &curl_easy_cleanup};
  curl_socket_t socket = CURL_SOCKET_BAD;
  std::string name;
  std::chrono::milliseconds time_max{};
  std::string buffer;  // received and not yet read

  Result<void> wait_for(short events) const {
    pollfd entry{socket, events, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(time_max.count()));
    if (ready > 0) return {};
    return std::unexpected(curl_error(name, "no answer in time"));
  }
};

LineConnection::LineConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
LineConnection::LineConnection(LineConnection&&) noexcept = default;
LineConnection& LineConnection::operator=(LineConnection&&) noexcept = default;
LineConnection::~LineConnection() = default;

Result<LineConnection> LineConnection::open(const LineAddress& address,
                                            std::chrono::milliseconds time_max) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK) return fail(ErrorKind::internal, "libcurl does not start");
  auto state = std::make_unique<State>();
  state->handle.reset(curl_easy_init());
  state->time_max = time_max;
  state->name = address.unix_socket.empty() ? fmt::format("{}:{}", address.host, address.port)
                                            : address.unix_socket.native();
  CURL* const handle = state->handle.get();
  if (handle == nullptr) return fail(ErrorKind::internal, "libcurl: out of memory");
  // The scheme says only whether there is TLS: nothing of HTTP is sent with CONNECT_ONLY.
  const bool tls = address.transport == Transport::tls;
  const std::string host = address.host.empty() ? "localhost" : address.host;
  const std::string url =
      fmt::format("{}://{}:{}/", tls ? "https" : "http", host, address.port > 0 ? address.port : 1);
  char detail[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, detail);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_ENABLE_ALPN, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(time_max.count()));
  if (!address.unix_socket.empty()) {
    curl_easy_setopt(handle, CURLOPT_UNIX_SOCKET_PATH, address.unix_socket.c_str());
  }
  if (!address.authority.empty()) {
    curl_easy_setopt(handle, CURLOPT_CAINFO, address.authority.c_str());
  }
  const CURLcode code = curl_easy_perform(handle);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, nullptr);
  if (code != CURLE_OK) {
    return std::unexpected(
        curl_error(state->name, detail[0] != '\0' ? detail : curl_easy_strerror(code)));
  }
  curl_easy_getinfo(handle, CURLINFO_ACTIVESOCKET, &state->socket);
  return LineConnection(std::move(state));
}

Result<void> LineConnection::send_line(std::string_view line) {
  const std::string text = fmt::format("{}\r\n", line);
  std::string_view rest = text;
  while (!rest.empty()) {
    std::size_t sent = 0;
    const CURLcode code = curl_easy_send(state_->handle.get(), rest.data(), rest.size(), &sent);
    if (code == CURLE_AGAIN) TRY(state_->wait_for(POLLOUT));
    else if (code != CURLE_OK) {
      return std::unexpected(curl_error(state_->name, curl_easy_strerror(code)));
    }
    rest.remove_prefix(sent);
  }
  return {};
}

Result<void> LineConnection::receive() {
  if (state_->buffer.size() > kBufferedMax) {
    return fail(ErrorKind::limit, fmt::format("{}: a line without an end", state_->name));
  }
  char piece[4096];
  while (true) {
    std::size_t got = 0;
    const CURLcode code = curl_easy_recv(state_->handle.get(), piece, sizeof piece, &got);
    if (code == CURLE_AGAIN) {
      TRY(state_->wait_for(POLLIN));
      continue;
    }
    if (code != CURLE_OK) {
      return std::unexpected(curl_error(state_->name, curl_easy_strerror(code)));
    }
    if (got == 0) return std::unexpected(curl_error(state_->name, "the server hung up"));
    state_->buffer.append(piece, got);
    return {};
  }
}

Result<std::string> LineConnection::read_line() {
  std::size_t end = state_->buffer.find("\r\n");
  while (end == std::string::npos) {
    TRY(receive());
    end = state_->buffer.find("\r\n");
  }
  std::string line = state_->buffer.substr(0, end);
  state_->buffer.erase(0, end + 2);
  return line;
}

Result<std::string> LineConnection::read_exactly(std::size_t count) {
  if (count > kBufferedMax) return fail(ErrorKind::limit, "more bytes than a probe's message has");
  while (state_->buffer.size() < count) TRY(receive());
  std::string bytes = state_->buffer.substr(0, count);
  state_->buffer.erase(0, count);
  return bytes;
}

}  // namespace bulkhead::cli::drill
