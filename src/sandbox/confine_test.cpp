#include "sandbox/confine.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"
#include "sandbox/test_estate.h"

namespace bulkhead::sandbox {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string answer(const std::string& program, const std::vector<std::string>& arguments,
                   std::string_view input = "", const ConfineLimits& limits = {}) {
  const auto output = run_confined(program, arguments, as_bytes(input), limits);
  return output ? *output
                : fmt::format("{}: {}", name_of(output.error().kind()), output.error().message());
}

TEST(Confine, HandsTheInputOverAndTheOutputBack) {
  EXPECT_EQ(answer("/usr/bin/cat", {}, "some text"), "some text");
  EXPECT_EQ(answer("/usr/bin/tail", {"-c", "4"}, "it can seek"), "seek");
}

TEST(Confine, ReadsNoFileButTheSystems) {
  if (landlock_version() == 0) GTEST_SKIP() << "no Landlock in this kernel";
  auto folder = TemporaryDirectory::create("confine");
  ASSERT_TRUE(folder);
  const Path secret = folder->path() / "secret";
  ASSERT_TRUE(write_file_atomic(secret, as_bytes("secret")));
  EXPECT_THAT(answer("/usr/bin/cat", {secret.native()}), HasSubstr("Permission denied"));
  EXPECT_THAT(answer("/usr/bin/cat", {"/etc/passwd"}), HasSubstr("Permission denied"));
  EXPECT_THAT(answer("/usr/bin/ls", {"/tmp"}), HasSubstr("Permission denied"));
  EXPECT_EQ(answer("/usr/bin/head", {"-c", "0", "/usr/share/common-licenses/GPL-3"}), "");
}

TEST(Confine, WritesNothing) {
  auto folder = TemporaryDirectory::create("confine");
  ASSERT_TRUE(folder);
  const Path target = folder->path() / "new";
  answer("/usr/bin/touch", {target.native()});
  answer("/usr/bin/dd", {"of=" + target.native()}, "text");
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST(Confine, StartsNoOtherProcess) {
  EXPECT_THAT(answer("/usr/bin/dash", {"-c", "/usr/bin/true; echo $?"}),
              testing::Not(testing::StartsWith("0")));
  EXPECT_THAT(answer("/usr/bin/dash", {"-c", "exec /usr/bin/id"}),
              landlock_version() > 0 ? HasSubstr("Permission denied") : HasSubstr(""));
}

TEST(Confine, MakesNoSocket) {
  EXPECT_THAT(answer("/usr/bin/curl", {"-sS", "--max-time", "2", "http://127.0.0.1:9/"}),
              testing::StartsWith("corrupt: "));
  EXPECT_THAT(answer("/usr/bin/python3", {"-Ic",
                                          "import socket\ntry: socket.socket(socket.AF_UNIX)\n"
                                          "except OSError as e: print(e.errno)"}),
              "1\n");
}

TEST(Confine, IsHeldToItsLimits) {
  EXPECT_THAT(
      answer("/usr/bin/dash", {"-c", "while :; do :; done"}, "", {.processor_time_max = 1s}),
      testing::StartsWith("limit: "));
  EXPECT_THAT(answer("/usr/bin/cat", {"/dev/null"}, "", {.time_max = 20s}), "");
  EXPECT_THAT(answer("/usr/bin/yes", {}, "", {.output_bytes_max = 1000}),
              testing::StartsWith("limit: "));
  EXPECT_THAT(answer("/usr/bin/python3", {"-Ic", "x = b'x' * (400 << 20)"}, "",
                     {.memory_bytes_max = 64 << 20}),
              HasSubstr("MemoryError"));
}

TEST(Confine, SaysWhatTheProgramSaid) {
  EXPECT_THAT(answer("/usr/bin/pdftotext", {"-", "-"}, "this is no PDF"),
              testing::AllOf(testing::StartsWith("corrupt: "), HasSubstr("PDF")));
  EXPECT_THAT(answer("/usr/bin/no-such-program", {}), testing::StartsWith("not_found: "));
  EXPECT_THAT(answer("relative", {}), testing::StartsWith("not_found: "));
}

constexpr std::string_view kSmallestPdf =
    "%PDF-1.4\n"
    "1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R"
    "/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>>>endobj\n"
    "4 0 obj<</Length 49>>stream\n"
    "BT /F1 18 Tf 20 50 Td (Safety of navigation) Tj ET\n"
    "endstream endobj\n"
    "trailer<</Root 1 0 R>>\n";

TEST(Confine, ExtractsTheTextOfAPdf) {
  EXPECT_THAT(answer("/usr/bin/pdftotext", {"-", "-"}, kSmallestPdf),
              HasSubstr("Safety of navigation"));
}

TEST(Confine, WorksInsideACompartment) {
  auto estate = TestEstate::create();
  ASSERT_TRUE(estate) << estate.error().message();
  Policy policy = estate->probe_policy(Network::none, {});
  policy.read_only = {{test_program("bulkhead-sandbox-trial"), "/program/trial"}};
  policy.command = {"/program/trial", "confine"};
  auto compartment = Compartment::start(policy, estate->log());
  ASSERT_TRUE(compartment) << compartment.error().message();
  EXPECT_TRUE(compartment->wait().success());
  const std::string text = estate->log_text();
  EXPECT_THAT(text, HasSubstr("/usr/bin/cat: text\n"));
  EXPECT_THAT(text, HasSubstr("/usr/bin/pdftotext: /usr/bin/pdftotext: exit status 1"));
  EXPECT_THAT(text, HasSubstr(landlock_version() > 0 ? "'/data/page' for reading: Permission denied"
                                                     : "/usr/bin/head: con"));
}

}  // namespace
}  // namespace bulkhead::sandbox
