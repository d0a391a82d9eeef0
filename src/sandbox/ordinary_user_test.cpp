// All of this folder's tests again, as an ordinary user: there compartments have no user ids of
// their own, often no control groups, and freeze by signals. The boundaries must hold all the same.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/process.h"
#include "sandbox/test_estate.h"

namespace bulkhead::sandbox {
namespace {

constexpr uid_t kNobody = 65534;

TEST(OrdinaryUser, IsHeldByTheSameBoundaries) {
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers need more address space than rlimits leave to a compartment";
#endif
#endif
  if (::geteuid() != 0) GTEST_SKIP() << "the others ran as an ordinary user already";
  auto folder = TemporaryDirectory::create("ordinary-user");
  ASSERT_TRUE(folder);
  ASSERT_EQ(::chmod(folder->path().c_str(), 0755), 0);
  // The build folder may lie where nobody else can look.
  const Path tests = folder->path() / "tests";
  std::error_code error;
  std::filesystem::copy_file("/proc/self/exe", tests, error);
  ASSERT_FALSE(error) << error.message();
  for (const char* const name : {"bulkhead-compartment-probe", "bulkhead-sandbox-trial"}) {
    std::filesystem::copy_file(test_program(name), folder->path() / name, error);
    ASSERT_FALSE(error) << error.message();
  }

  ProcessOptions options{
      .arguments = {tests.native(), "--gtest_filter=Boundary*:Compartment*:Confine*"},
      .environment = {"BULKHEAD_TEST_PROGRAMS=" + folder->path().native(), "PATH=/usr/bin:/bin"},
      .directory = "/"};
  options.before_exec = [] {
    return ::setgroups(0, nullptr) == 0 && ::setresgid(kNobody, kNobody, kNobody) == 0 &&
           ::setresuid(kNobody, kNobody, kNobody) == 0;
  };
  const auto result = run(std::move(options), {}, 1 << 20, std::chrono::seconds(100));
  ASSERT_TRUE(result) << result.error().message();
  EXPECT_TRUE(result->status.success()) << result->output << result->error_output;
}

}  // namespace
}  // namespace bulkhead::sandbox
