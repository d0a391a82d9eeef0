// The client of benchmarks/vault: the requests of restic's REST protocol over a fixed number of
// kept TLS connections, with so little work of its own that what is measured is the server.
//
// usage: vault_load PORT AUTHORITY CONNECTIONS upload|download|head|list REPOSITORY <LIST
// LIST has a path of a file a line; its last element is the object's name. All connections are
// open, and all bodies in memory, before the time begins. Prints one line of JSON.
#include <algorithm>
#include <atomic>
#include <barrier>
#include <chrono>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

namespace bulkhead {
namespace {

constexpr std::size_t kObjectSizeMax = std::size_t{1} << 30;
constexpr std::size_t kBufferSize = 256 * 1024;
// A head goes out with so much of its body.
constexpr std::size_t kFirstPieceMax = 128 * 1024;

struct Object {
  std::string name;
  Bytes content;  // of an upload
};

struct Job {
  std::uint16_t port = 0;
  std::string verb;
  std::string repository;
  std::vector<Object> objects;
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> received{0};  // bytes of bodies, or entries of a list
  std::atomic<bool> failed{false};
};

struct Free {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class Connection {
 public:
  Connection(SSL_CTX* context, Job& job) : job_(job), ssl_(SSL_new(context)) {}

  Result<void> open() {
    socket_ = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(job_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      return fail(ErrorKind::unavailable, "connecting failed");
    }
    SSL_set_fd(ssl_.get(), socket_.get());
    if (SSL_connect(ssl_.get()) != 1) return fail(ErrorKind::unavailable, "no TLS connection");
    return {};
  }

  // Requests until none is left.
  Result<void> work() {
    while (true) {
      const std::size_t at = job_.next.fetch_add(1);
      if (at >= job_.objects.size()) return {};
      TRY(send(job_.objects[at]));
      TRY(receive());
    }
  }

 private:
  Result<void> send(const Object& object) {
    const bool is_upload = job_.verb == "upload";
    const char* const method = is_upload ? "POST" : job_.verb == "head" ? "HEAD" : "GET";
    std::string first =
        fmt::format("{} /{}/data/{} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nUser-Agent: vault_load\r\n",
                    method, job_.repository, object.name, job_.port);
    if (is_upload) {
      first += fmt::format("Content-Type: binary/octet-stream\r\nContent-Length: {}\r\n",
                           object.content.size());
    }
    first += "Accept: application/vnd.x.restic.rest.v2\r\n\r\n";
    const ByteView body(object.content);
    const std::size_t joined = std::min(body.size(), kFirstPieceMax);
    first += as_text(body.first(joined));
    TRY(write(as_bytes(first)));
    return write(body.subspan(joined));
  }

  Result<void> write(ByteView bytes) {
    if (bytes.empty()) return {};
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &written) == 1) return {};
    return fail(ErrorKind::unavailable, "the server took no more");
  }

  Result<std::size_t> read() {
    std::size_t got = 0;
    if (SSL_read_ex(ssl_.get(), buffer_.data(), buffer_.size(), &got) == 1) return got;
    return fail(ErrorKind::unavailable, "the server ended the connection");
  }

  Result<void> receive() {
    std::string head;
    std::size_t end = std::string::npos;
    while ((end = head.find("\r\n\r\n")) == std::string::npos) {
      const std::size_t got = TRY(read());
      head.append(as_text(ByteView(buffer_).first(got)));
    }
    const std::string body = head.substr(end + 4);
    head.resize(end);
    if (!head.starts_with("HTTP/1.1 200") && !head.starts_with("HTTP/1.1 206")) {
      return fail(ErrorKind::denied, head.substr(0, head.find('\r')));
    }
    if (job_.verb == "head") return {};
    if (job_.verb == "list") return receive_list(body);
    return receive_body(length_in(head), body.size());
  }

  static std::uint64_t length_in(const std::string& head) {
    const std::string lower = to_lower_ascii(head);
    constexpr std::string_view kName = "content-length: ";
    const std::size_t at = lower.find(kName);
    if (at == std::string::npos) return 0;
    const std::string_view value = std::string_view(lower).substr(at + kName.size());
    return parse_u64(value.substr(0, value.find('\r'))).value_or(0);
  }

  Result<void> receive_body(std::uint64_t length, std::uint64_t got) {
    while (got < length) got += TRY(read());
    job_.received += length;
    return {};
  }

  // In chunks or not: each entry has one brace, and only the list's end a bracket that closes;
  // names, sizes and what chunks are framed by have neither.
  Result<void> receive_list(std::string_view piece) {
    while (true) {
      job_.received += static_cast<std::uint64_t>(std::count(piece.begin(), piece.end(), '{'));
      if (piece.find(']') != std::string_view::npos) return {};
      const std::size_t count = TRY(read());
      piece = as_text(ByteView(buffer_).first(count));
    }
  }

  Job& job_;
  std::unique_ptr<SSL, Free> ssl_;
  FileDescriptor socket_;
  Bytes buffer_ = Bytes(kBufferSize);
};

struct Spent {
  double client = 0;   // this process
  double machine = 0;  // all cores, with whatever else runs
};

Spent spent_so_far() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  Spent spent{.client = seconds(usage.ru_utime) + seconds(usage.ru_stime), .machine = 0};
  // cpu user nice system idle iowait irq softirq steal …
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  for (int field = 0; field < 8; ++field) {
    double ticks = 0;
    file >> ticks;
    if (field != 3 && field != 4) spent.machine += ticks;
  }
  spent.machine /= static_cast<double>(::sysconf(_SC_CLK_TCK));
  return spent;
}

Result<void> read_objects(Job& job) {
  std::string line;
  while (std::getline(std::cin, line)) {
    Object object{.name = Path(line).filename(), .content = {}};
    if (job.verb == "upload") object.content = TRY(read_file(line, kObjectSizeMax));
    job.objects.push_back(std::move(object));
  }
  // The folder itself.
  if (job.verb == "list") job.objects.assign(1, Object{});
  return {};
}

Result<void> run(char** arguments) {
  Job job;
  job.port = static_cast<std::uint16_t>(parse_u64(arguments[1]).value_or(0));
  const std::size_t count = parse_u64(arguments[3]).value_or(1);
  job.verb = arguments[4];
  job.repository = arguments[5];
  TRY(read_objects(job));

  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_file(context.get(), arguments[2]) != 1) {
    return fail(ErrorKind::invalid, fmt::format("{}: no certificate", arguments[2]));
  }
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < count; ++i) {
    connections.push_back(std::make_unique<Connection>(context.get(), job));
    TRY(connections.back()->open());
  }

  std::barrier together(static_cast<std::ptrdiff_t>(count) + 1);
  std::vector<std::thread> threads;
  for (const auto& connection : connections) {
    threads.emplace_back([&] {
      together.arrive_and_wait();
      if (const auto done = connection->work(); !done) {
        fmt::print(stderr, "vault_load: {}\n", done.error().message());
        job.failed = true;
      }
    });
  }
  const Spent before = spent_so_far();
  const auto begin = std::chrono::steady_clock::now();
  together.arrive_and_wait();
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const Spent after = spent_so_far();
  fmt::print(
      "{{\"seconds\":{},\"client_cpu_seconds\":{},\"machine_cpu_seconds\":{},\"received\":{}}}\n",
      seconds.count(), after.client - before.client, after.machine - before.machine,
      job.received.load());
  if (job.failed) return fail(ErrorKind::unavailable, "not all requests succeeded");
  return {};
}

}  // namespace
}  // namespace bulkhead

int main(int argc, char** argv) {
  constexpr int kArguments = 6;
  if (argc != kArguments) {
    fmt::print(stderr, "usage: vault_load PORT AUTHORITY CONNECTIONS VERB REPOSITORY <LIST\n");
    return 2;
  }
  const auto done = bulkhead::run(argv);
  if (!done) fmt::print(stderr, "vault_load: {}\n", done.error().message());
  return done ? 0 : 1;
}
