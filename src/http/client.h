// A small HTTP client for our own programs: the CLI on the control socket, the supervisor on a
// service's /readyz, probes through the gateway. Follows no redirects, stores no cookies, uses no
// proxy. A status such as 404 is an answer, not an Error; kind unavailable says that none came.
// Reuses its connection; one thread at a time.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/file.h"
#include "http/message.h"

namespace bulkhead::http {

struct ClientOptions {
  Path unix_socket;              // where set, the URL's host and port only fill the Host header
  Path ca_certificate_file;      // PEM; https accepts what this signed, and only that
  Path client_certificate_file;  // PEM with certificate and key; empty: none is shown
  // "127.0.0.1:8443": connects there, whatever the URL's host resolves to; TLS and the Host header
  // still name the URL's host.
  std::string connect_to;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{30'000};  // of the whole exchange
  std::size_t body_size_max = 16 * 1024 * 1024;
};

struct ClientRequest {
  Method method = Method::get;
  std::string url;  // absolute: "http://service/readyz", "https://website.localhost:8443/en/"
  Headers headers;
  std::string body;
};

struct ClientResponse {
  int status = 0;
  Headers headers;
  std::string body;
};

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;

  Result<ClientResponse> send(const ClientRequest& request);
  Result<ClientResponse> get(std::string url);
  // With Content-Type: application/json.
  Result<ClientResponse> post_json(std::string url, const json::Value& value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The error that a problem+json answer stands for, so that a program can pass on what another one
// said: its kind by the status, its message from "detail" or "title".
Error error_of(const ClientResponse& response);

}  // namespace bulkhead::http
