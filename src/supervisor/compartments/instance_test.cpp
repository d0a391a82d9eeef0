#include "supervisor/compartments/instance.h"

#include <cstring>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulkhead::supervisor {
namespace {

// Sockets are named relative to the estate's folder, which is the working directory.
class InstanceSockets : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(::chdir(folder_.path().c_str()), 0);
    ASSERT_TRUE(make_directories("run/alpha/g1-1"));
    service_.name = "alpha";
    service_.kind = ServiceKind::http;
  }
  void TearDown() override { ASSERT_EQ(::chdir("/"), 0); }

  static FileDescriptor listen_on(const char* path) {
    FileDescriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, std::strlen(path));
    EXPECT_EQ(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::chmod(path, 0600), 0);
    return fd;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("instance").value();
  ServiceConfig service_;
};

TEST_F(InstanceSockets, BecomeConnectableForTheGatewaysUser) {
  EXPECT_EQ(admit_gateway(service_, "g1-1").error().kind(), ErrorKind::not_found);
  const FileDescriptor socket = listen_on("run/alpha/g1-1/service.sock");
  ASSERT_TRUE(admit_gateway(service_, "g1-1"));
  struct stat status{};
  ASSERT_EQ(::stat("run/alpha/g1-1/service.sock", &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0666u);
}

TEST_F(InstanceSockets, AreRefusedWhereSomethingElseLiesThere) {
  const FileDescriptor control = listen_on("run/control.sock");
  ASSERT_EQ(::symlink("../../control.sock", "run/alpha/g1-1/service.sock"), 0);
  const auto led_astray = admit_gateway(service_, "g1-1");
  ASSERT_FALSE(led_astray);
  EXPECT_EQ(led_astray.error().kind(), ErrorKind::denied);
  struct stat status{};
  ASSERT_EQ(::stat("run/control.sock", &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  ASSERT_TRUE(write_file_atomic("run/alpha/g1-1/service.sock", as_bytes("a file")));
  EXPECT_EQ(admit_gateway(service_, "g1-1").error().kind(), ErrorKind::denied);
}

}  // namespace
}  // namespace bulkhead::supervisor
