#include "sandbox/test_estate.h"

#include <cerrno>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/text.h"

namespace bulkhead::sandbox {
namespace {

Result<FileDescriptor> listen_unix(std::string name, int type, bool is_abstract) {
  FileDescriptor listener(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (is_abstract) name.insert(0, 1, '\0');
  if (name.size() >= sizeof address.sun_path) return fail(ErrorKind::limit, "path too long");
  name.copy(address.sun_path, name.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      (type == SOCK_STREAM && ::listen(listener.get(), 8) != 0)) {
    return fail_errno(errno, "listening");
  }
  return listener;
}

}  // namespace

Path test_program(std::string_view name) {
  const char* const folder = ::getenv("BULKHEAD_TEST_PROGRAMS");
  return (folder != nullptr ? Path(folder) : Path(BULKHEAD_BINARY_DIR) / "bin") / name;
}

Result<TestEstate> TestEstate::create() {
  TestEstate estate;
  estate.folder_.emplace(TRY(TemporaryDirectory::create("estate")));
  for (const char* const name : {"datasets/website", "datasets/gisis", "run/website", "secrets"}) {
    TRY(make_directories(estate.path(name)));
  }
  for (const char* const name : {"datasets/website/page", "datasets/gisis/register",
                                 "secrets/vault.password", "estate.toml", "website.toml"}) {
    TRY(write_file_atomic(estate.path(name), as_bytes("content"), 0644));
  }
  estate.log_ = TRY(open_file(estate.path("log"), O_RDWR | O_CREAT | O_APPEND, 0644));
  TRY(estate.listen_everywhere());
  return estate;
}

Result<void> TestEstate::listen_everywhere() {
  listeners_.push_back(TRY(listen_unix(path("run/control.sock").native(), SOCK_STREAM, false)));
  listeners_.push_back(TRY(listen_unix(path("run/audit.sock").native(), SOCK_DGRAM, false)));
  ::chmod(path("run/audit.sock").c_str(), 0666);
  abstract_name_ = fmt::format("bulkhead-test-{}", path("").native());
  listeners_.push_back(TRY(listen_unix(abstract_name_, SOCK_STREAM, true)));
  FileDescriptor tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(tcp.get(), reinterpret_cast<sockaddr*>(&address), length) != 0 ||
      ::listen(tcp.get(), 8) != 0 ||
      ::getsockname(tcp.get(), reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    return fail_errno(errno, "listening on TCP");
  }
  tcp_port_ = ntohs(address.sin_port);
  listeners_.push_back(std::move(tcp));
  return {};
}

Policy TestEstate::probe_policy(Network network, std::vector<std::string> attempts) const {
  attempts.insert(attempts.begin(), "/program/probe");
  return {.name = "website",
          .command = std::move(attempts),
          .data_directory = path("datasets/website"),
          .socket_directory = path("run/website"),
          .read_only = {{test_program("bulkhead-compartment-probe"), "/program/probe"},
                        {path("website.toml"), "/config/website.toml"}},
          .audit_socket = path("run/audit.sock"),
          .network = network};
}

Result<std::map<std::string, std::string>> TestEstate::probe(const Policy& policy) const {
  if (::ftruncate(log_.get(), 0) != 0) return fail_errno(errno, "emptying the log");
  Compartment compartment = TRY(Compartment::start(policy, log_.get()));
  const ExitStatus status = compartment.wait();
  if (!status.success()) {
    return fail(ErrorKind::internal,
                fmt::format("the probe: {}; it printed: {}", status.describe(), log_text()));
  }
  std::map<std::string, std::string> outcomes;
  const std::string text = log_text();
  for (const std::string_view line : split(text, '\n')) {
    if (const auto pair = split_once(line, '\t')) outcomes.emplace(pair->first, pair->second);
  }
  return outcomes;
}

std::string TestEstate::log_text() const {
  const auto text = read_text_file(path("log"), 1 << 20);
  return text ? *text : text.error().message();
}

}  // namespace bulkhead::sandbox
