// Plain requests and responses: what handlers see. Nothing here knows Beast, sockets or TLS, so a
// handler is tested by calling it. A Request lives as long as its handler runs.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/bytes.h"
#include "base/file_descriptor.h"
#include "base/result.h"
#include "json/value.h"

namespace bulkhead::http {

enum class Method { get, head, post, put, patch, del, options };
std::string_view name_of(Method method);
// As it stands in a request line: upper case. Nothing for the others.
std::optional<Method> method_from(std::string_view name);

// Header names compare without case; the first value of a repeated name is found first.
class Headers {
 public:
  void add(std::string name, std::string value);
  void set(std::string name, std::string value);
  std::optional<std::string_view> find(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return entries_; }

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

// Decoded name=value pairs of a query or an urlencoded form, in order; names may repeat.
class Parameters {
 public:
  void add(std::string name, std::string value);
  std::optional<std::string_view> find(std::string_view name) const;
  std::string get(std::string_view name, std::string_view otherwise = "") const;
  std::vector<std::string> all_of(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& all() const { return entries_; }
  // "a=b&c=d", percent-encoded.
  std::string encode() const;

 private:
  std::vector<std::pair<std::string, std::string>> entries_;
};

// A request's body, read while it arrives. read() answers 0 at the end.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  virtual Result<std::size_t> read(MutableByteView out) = 0;
  // The length that the peer announced, where it did.
  virtual std::optional<std::uint64_t> announced_length() const = 0;
};
// The whole body, or an error of kind limit.
Result<Bytes> read_body(BodyReader& body, std::size_t limit);

// A body that is there already: for tests, and for requests that have none.
class MemoryBody final : public BodyReader {
 public:
  explicit MemoryBody(Bytes content = {}) : content_(std::move(content)) {}
  Result<std::size_t> read(MutableByteView out) override;
  std::optional<std::uint64_t> announced_length() const override { return content_.size(); }

 private:
  Bytes content_;
  std::size_t read_ = 0;
};

// The process at the other end of a Unix socket, as the kernel knew it when it connected.
struct Peer {
  pid_t process_id = 0;  // 0: of a process namespace that we cannot see into
  uid_t user_id = 0;
};

struct Request {
  Method method = Method::get;
  // Percent-decoded UTF-8, no empty, "." or ".." segments, begins with '/'; a '/' at the end stays.
  std::string path;
  Parameters query;
  std::string raw_target;
  Headers headers;
  BodyReader* body = nullptr;      // never null in a handler
  std::string client_address;      // of the visitor: X-Forwarded-For where the gateway set it
  std::string client_certificate;  // SHA-256 of the DER form in hex; empty: none was shown
  std::optional<Peer> peer;        // where the server was asked to identify it
  std::string request_id;          // X-Request-Id where the gateway set it, else made here
  std::map<std::string, std::string, std::less<>> path_values;  // of the route: {symbol}
  std::string route;  // the pattern that matched, for metrics; "" where none did

  std::optional<std::string_view> cookie(std::string_view name) const;
};

// Writes a body of unknown length piece by piece; an error means that the peer has gone.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  virtual Result<void> write(std::string_view piece) = 0;
};

struct FileBody {
  FileDescriptor file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  std::optional<FileBody> file;                     // instead of body
  std::function<Result<void>(BodyWriter&)> stream;  // instead of body

  static Response html(std::string body, int status = 200);
  static Response text(std::string body, int status = 200);
  static Response json(const json::Value& value, int status = 200);
  static Response redirect(std::string location, int status = 303);
};

// "Not Found"; "" for a status that has no registered phrase.
std::string_view phrase_of(int status);

// A JSON body of a request: kind invalid where it is not JSON, limit where it is longer.
Result<json::Value> read_json(Request& request, std::size_t limit);

// The one place where an Error becomes a response: RFC 9457 application/problem+json. The message
// of kinds io, corrupt and internal stays in the log; the response then names the request id only.
int status_of(ErrorKind kind);
Response problem(const Error& error, const Request& request);
// The same with a status that no ErrorKind stands for: 405, 412, 429 and so on.
Response problem(int status, std::string_view detail, const Request& request);

}  // namespace bulkhead::http
