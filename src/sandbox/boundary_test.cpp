// What a program inside a compartment cannot do, by trying it there: each assertion is about a real
// attempt of the probe (probe/main.cpp). docs/compartments.md lists them beside the boundaries.
#include <charconv>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "sandbox/test_estate.h"

namespace bulkhead::sandbox {
namespace {

using testing::AnyOf;
using testing::Each;
using testing::IsEmpty;
using testing::Pair;

using Outcomes = std::map<std::string, std::string>;

class Boundary : public testing::Test {
 protected:
  void SetUp() override {
    auto estate = TestEstate::create();
    ASSERT_TRUE(estate) << estate.error().message();
    estate_.emplace(std::move(*estate));
  }

  Outcomes probe(std::vector<std::string> attempts, Network network = Network::none) const {
    return run(estate_->probe_policy(network, std::move(attempts)));
  }
  Outcomes run(const Policy& policy) const {
    auto outcomes = estate_->probe(policy);
    EXPECT_TRUE(outcomes) << outcomes.error().message();
    return outcomes ? *outcomes : Outcomes{};
  }
  std::string outside(std::string_view relative) const { return estate_->path(relative).native(); }

  std::optional<TestEstate> estate_;
};

TEST_F(Boundary, MakesNoSocketButUnixOnes) {
  EXPECT_THAT(probe({"socket-inet", "socket-inet6", "socket-raw", "socket-netlink", "socket-packet",
                     "socket-vsock", "socket-key", "socket-alg", "socket-inet-wide"}),
              Each(Pair(testing::_, "EAFNOSUPPORT")));
  EXPECT_EQ(probe({"socket-unix"})["socket-unix"], "allowed");
}

TEST_F(Boundary, WithLoopbackReachesNothingOutside) {
  const std::string here = "connect-tcp:127.0.0.1:" + std::to_string(estate_->tcp_port());
  auto outcomes =
      probe({here, "connect-tcp:192.0.2.1:443", "connect-tcp:10.0.0.1:53"}, Network::loopback);
  EXPECT_EQ(outcomes[here], "ECONNREFUSED") << "the host's loopback must not be ours";
  EXPECT_EQ(outcomes["connect-tcp:192.0.2.1:443"], "ENETUNREACH");
  EXPECT_EQ(outcomes["connect-tcp:10.0.0.1:53"], "ENETUNREACH");
  EXPECT_THAT(probe({"socket-netlink", "socket-packet", "socket-vsock"}, Network::loopback),
              Each(Pair(testing::_, "EAFNOSUPPORT")));
}

TEST_F(Boundary, SeesNoAbstractSocketOfTheHost) {
  for (const Network network : {Network::none, Network::loopback}) {
    EXPECT_THAT(probe({"connect-abstract:" + estate_->abstract_name()}, network),
                Each(Pair(testing::_, "ECONNREFUSED")));
  }
}

TEST_F(Boundary, SeesNothingOfTheEstate) {
  EXPECT_THAT(probe({"read:" + outside("datasets/gisis/register"),
                     "read:" + outside("secrets/vault.password"), "read:" + outside("estate.toml"),
                     "read:" + outside("datasets/website/page"), "names:" + outside("")}),
              Each(Pair(testing::_, "ENOENT")));
  EXPECT_THAT(probe({"connect-unix:" + outside("run/control.sock")}),
              Each(Pair(testing::_, "ENOENT")));
  EXPECT_THAT(probe({"names:/root", "names:/home", "names:/var", "names:/srv", "names:/sys",
                     "names:/boot", "names:/mnt", "read:/etc/shadow", "read:/etc/machine-id",
                     "read:/dev/mem", "read:/dev/kmsg", "read:/dev/fuse", "read:/dev/vda"}),
              Each(Pair(testing::_, "ENOENT")));
}

TEST_F(Boundary, SeesItsDataItsProgramAndItsConfiguration) {
  auto outcomes =
      probe({"names:/", "names:/data", "names:/run", "names:/program", "read:/data/page",
             "create:/data/new", "create:/run/service/new", "create:/tmp/new",
             "read:/config/website.toml", "send-datagram:/run/audit.sock"});
  auto top = split(outcomes["names:/"], ' ');
  EXPECT_THAT(top,
              testing::IsSubsetOf({"bin", "sbin", "lib", "lib64", "lib32", "libx32", "usr", "etc",
                                   "proc", "dev", "tmp", "data", "run", "program", "config"}));
  EXPECT_EQ(outcomes["names:/data"], "page");
  EXPECT_THAT(split(outcomes["names:/run"], ' '),
              testing::UnorderedElementsAre("service", "audit.sock"));
  EXPECT_EQ(outcomes["names:/program"], "probe");
  for (const char* const attempt :
       {"read:/data/page", "create:/data/new", "create:/run/service/new", "create:/tmp/new",
        "read:/config/website.toml", "send-datagram:/run/audit.sock"}) {
    EXPECT_EQ(outcomes[attempt], "allowed") << attempt;
  }
}

TEST_F(Boundary, WritesNowhereButToItsDataItsSocketFolderAndTmp) {
  EXPECT_THAT(probe({"writable-folders"}), Each(Pair(testing::_, IsEmpty())));
  EXPECT_THAT(probe({"write:/program/probe", "write:/config/website.toml", "write:/etc/passwd",
                     "write:/usr/bin/env", "write:/proc/sys/kernel/core_pattern",
                     "write:/proc/sysrq-trigger", "create:/dev/shm/x", "create:/proc/x"}),
              Each(Pair(testing::_, AnyOf("EROFS", "EACCES", "ENOENT", "EPERM", "ETXTBSY"))));
}

TEST_F(Boundary, MakesNoLinkThatOthersMightFollow) {
  EXPECT_THAT(
      probe({"link-out-to:/data/link", "link-out-to:/run/service/link", "link-out-to:/tmp/link"}),
      Each(Pair(testing::_, "EPERM")));
}

TEST_F(Boundary, SeesNoProcessOfTheHost) {
  const std::string supervisor = "kill:" + std::to_string(::getpid());
  auto outcomes = probe({"processes", "kill:4194303"});
  EXPECT_THAT(split(outcomes["processes"], ' '), testing::SizeIs(2)) << outcomes["processes"];
  EXPECT_EQ(outcomes["kill:4194303"], "ESRCH");
  if (::getpid() > 8) {
    EXPECT_THAT(probe({supervisor}), Each(Pair(testing::_, "ESRCH")));
  }
}

TEST_F(Boundary, InheritsNoDescriptorAndNoEnvironment) {
  auto outcomes = probe({"descriptors", "environment"});
  EXPECT_EQ(outcomes["descriptors"], "");
  EXPECT_THAT(split(trim(outcomes["environment"]), ' '),
              testing::UnorderedElementsAre("PATH", "HOME", "LANG", "TMPDIR", "PWD"));
}

TEST_F(Boundary, GainsNoPrivilege) {
  // Process 1 is bubblewrap's: under the same user id, so it must have no more rights than ours.
  for (const std::string process : {"self", "1"}) {
    const auto field = [&](std::string_view name) {
      return "status:" + process + "/" + std::string(name);
    };
    EXPECT_THAT(probe({field("CapEff"), field("CapPrm"), field("CapBnd")}),
                Each(Pair(testing::_, "0000000000000000")));
    EXPECT_THAT(probe({field("NoNewPrivs")}), Each(Pair(testing::_, "1")));
    EXPECT_THAT(probe({"filter-of:" + process}), Each(Pair(testing::_, "2")));
    EXPECT_THAT(probe({field("Groups")}), Each(Pair(testing::_, AnyOf("", " "))));
  }
  auto outcomes = probe({"become-root", "clone3"});
  EXPECT_THAT(outcomes["become-root"], AnyOf("EPERM", "EINVAL"));
  EXPECT_EQ(outcomes["clone3"], "ENOSYS");
  EXPECT_THAT(probe({"unshare-user", "clone-user", "clone-network", "join-namespace", "mount",
                     "remount-writable", "chroot", "trace", "read-process-memory", "bpf", "keys",
                     "io-uring", "user-faults", "performance-events", "open-by-handle",
                     "personality", "load-module", "type-into-terminal"}),
              Each(Pair(testing::_, "EPERM")));
  EXPECT_EQ(probe({"drop-filter"})["drop-filter"], "EINVAL");
}

TEST_F(Boundary, GainsNoPrivilegeByASetUserIdProgram) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a set-user-id program of root's";
  const Path program = estate_->path("set-user-id");
  std::error_code error;
  std::filesystem::copy_file("/usr/bin/id", program, error);
  ASSERT_FALSE(error) << error.message();
  ASSERT_EQ(::chmod(program.c_str(), 04755), 0);
  Policy policy = estate_->probe_policy(Network::none, {"run:/program/set-user-id -u"});
  policy.read_only.emplace_back(program, "/program/set-user-id");
  EXPECT_THAT(run(policy), Each(Pair(testing::_, "1000")));
}

TEST_F(Boundary, HoldsToItsLimits) {
  Policy policy = estate_->probe_policy(
      Network::none, {"fork-many:200", "use-memory:16", "use-memory:256", "fill-temporary:32"});
  policy.limits = {
      .memory_bytes_max = 96ull << 20, .processes_max = 20, .temporary_bytes_max = 8ull << 20};
  auto outcomes = run(policy);
  int forked = 0;
  const std::string& text = outcomes["fork-many:200"];
  std::from_chars(text.data(), text.data() + text.size(), forked);
  EXPECT_LT(forked, 20);
  EXPECT_GT(forked, 10);
  EXPECT_EQ(outcomes["use-memory:16"], "allowed");
  EXPECT_THAT(outcomes["use-memory:256"], AnyOf("killed", "ENOMEM"));
  EXPECT_EQ(outcomes["fill-temporary:32"], "ENOSPC");
}

TEST_F(Boundary, HasAUserIdOfItsOwnWhereRootStartsIt) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give user ids";
  const Policy policy = estate_->probe_policy(Network::none, {"create:/data/new"});
  auto compartment = Compartment::start(policy, estate_->log());
  ASSERT_TRUE(compartment) << compartment.error().message();
  compartment->wait();
  const Enforcement& enforcement = compartment->enforcement();
  EXPECT_THAT(enforcement.warnings, IsEmpty());
  EXPECT_EQ(enforcement.user_id, user_id_for(policy.data_directory.native()));
  struct stat status{};
  ASSERT_EQ(::stat((policy.data_directory / "page").c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, enforcement.user_id);
  EXPECT_NE(user_id_for(estate_->path("datasets/gisis").native()), enforcement.user_id);
}

}  // namespace
}  // namespace bulkhead::sandbox
