#include "base/unix_socket.h"

#include <cerrno>

#include <gtest/gtest.h>
#include <sys/socket.h>

namespace bulkhead {
namespace {

TEST(UnixAddress, HoldsThePathWithItsTerminator) {
  const auto address = unix_address("/run/service/http.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->sun_family, AF_UNIX);
  EXPECT_STREQ(address->sun_path, "/run/service/http.sock");
}

TEST(UnixAddress, RefusesAPathThatWouldBeCut) {
  EXPECT_TRUE(unix_address(std::string(107, 'a')));
  const auto refused = unix_address(std::string(108, 'a'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::limit);
}

TEST(UnixAddress, RefusesAnEmptyPath) {
  const auto refused = unix_address("");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::invalid);
}

TEST(UnixStream, GivesUpWhereNobodyAnswers) {
  const auto server = make_unix_stream(std::chrono::milliseconds(50));
  const auto client = make_unix_stream(std::chrono::milliseconds(50));
  ASSERT_TRUE(server && client);
  // The kernel chooses a name in the abstract namespace, so that no file is left behind.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_EQ(::bind(server->get(), reinterpret_cast<sockaddr*>(&address), sizeof(sa_family_t)), 0);
  ASSERT_EQ(::listen(server->get(), 1), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(server->get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  ASSERT_EQ(::connect(client->get(), reinterpret_cast<sockaddr*>(&address), size), 0);
  char byte = 0;
  EXPECT_EQ(::recv(client->get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

}  // namespace
}  // namespace bulkhead
