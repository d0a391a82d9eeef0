#include "supervisor/control/peer.h"

#include <algorithm>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "http/client.h"
#include "http/server.h"

namespace bulkhead::supervisor {
namespace {

using testing::HasSubstr;

// In a child: the status that the socket answers, as the exit status divided by ten.
int status_for_child(const char* path) {
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, std::min(std::strlen(path), sizeof address.sun_path - 1));
    constexpr char kRequest[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char answer[64] = "";
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::send(fd, kRequest, sizeof kRequest - 1, 0) < 0 ||
        ::recv(fd, answer, sizeof answer - 1, MSG_WAITALL) < 12) {
      ::_exit(1);
    }
    ::_exit((answer[9] - '0') * 10 + (answer[11] - '0'));  // 200: 20, 403: 43
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(ControlPeer, RefusesWhatThisProcessStartedAndAnswersThisProcess) {
  const auto folder = TemporaryDirectory::create("peer").value();
  const Path socket = folder.path() / "control.sock";
  http::ServerOptions options;
  options.unix_socket = socket;
  options.identify_peer = true;
  const auto server = http::Server::start(
      options, for_operators([](http::Request&) { return http::Response::text("yes\n"); }));
  ASSERT_TRUE(server) << server.error().message();
  EXPECT_EQ(status_for_child(socket.c_str()), 43);
  http::ClientOptions client;
  client.unix_socket = socket;
  const auto answer = http::Client(std::move(client)).get("http://bulkheadd/");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->status, 200);
}

TEST(ControlPeer, AdmitsWhoStartedThisProcessUnderTheSameUserOnly) {
  EXPECT_TRUE(admit_peer(http::Peer{.process_id = ::getppid(), .user_id = ::geteuid()}));
  const auto other = admit_peer(http::Peer{.process_id = ::getppid(), .user_id = 65533});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind(), ErrorKind::denied);
  EXPECT_THAT(other.error().message(), HasSubstr("not for user 65533"));
}

TEST(ControlPeer, RefusesWhomItCannotIdentify) {
  EXPECT_FALSE(admit_peer(std::nullopt));
  EXPECT_FALSE(admit_peer(http::Peer{.process_id = 0, .user_id = ::geteuid()}));
  constexpr pid_t kBeyondPidMax = 1 << 23;  // proc(5): pid_max is 2^22 at most
  EXPECT_FALSE(admit_peer(http::Peer{.process_id = kBeyondPidMax, .user_id = ::geteuid()}));
}

}  // namespace
}  // namespace bulkhead::supervisor
