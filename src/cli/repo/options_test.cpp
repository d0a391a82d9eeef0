// What the verbs of `bulkhead repo` make of the words that they are given, and what they show.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/repo/option_values.h"
#include "cli/repo/password.h"
#include "cli/repo/progress.h"

namespace bulkhead::cli::repo {
namespace {

TEST(OptionValues, ReadSizesInResticsUnits) {
  EXPECT_EQ(parse_size("512", "--x").value(), 512u);
  EXPECT_EQ(parse_size("10k", "--x").value(), 10'240u);
  EXPECT_EQ(parse_size("1.5M", "--x").value(), 1'572'864u);
  EXPECT_EQ(parse_size("2Gb", "--x").value(), std::uint64_t{2} << 30);
  EXPECT_EQ(parse_size("1T", "--x").value(), std::uint64_t{1} << 40);
  for (const char* wrong : {"", "k", "-1", "1x", "1.2.3", "1e9", "99999999999T"}) {
    EXPECT_FALSE(parse_size(wrong, "--x")) << wrong;
  }
}

TEST(OptionValues, ReadDurations) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_duration("30s", "--x").value(), seconds(30));
  EXPECT_EQ(parse_duration("5m", "--x").value(), seconds(300));
  EXPECT_EQ(parse_duration("1h30m", "--x").value(), seconds(5400));
  for (const char* wrong : {"", "5", "m", "-1m", "5d", "1.5h", "99999999999999999999s"}) {
    EXPECT_FALSE(parse_duration(wrong, "--x")) << wrong;
  }
}

TEST(OptionValues, ReadTimesInTheZoneOfTheProcess) {
  const char* before = std::getenv("TZ");
  const std::string kept = before ? before : "";
  ::setenv("TZ", "CET-1", 1);
  ::tzset();
  EXPECT_EQ(to_rfc3339(parse_time("2020-01-30 06:15:00").value()), "2020-01-30T05:15:00Z");
  EXPECT_EQ(to_rfc3339(parse_time("2020-01-30 06:15").value()), "2020-01-30T05:15:00Z");
  EXPECT_EQ(to_rfc3339(parse_time("2020-01-30").value()), "2020-01-29T23:00:00Z");
  EXPECT_EQ(to_rfc3339(parse_time("2020-01-30T06:15:00Z").value()), "2020-01-30T06:15:00Z");
  EXPECT_FALSE(parse_time("yesterday"));
  EXPECT_FALSE(parse_time("2020-01-30 06:15:00 and so on"));
  if (before) ::setenv("TZ", kept.c_str(), 1);
  else ::unsetenv("TZ");
  ::tzset();
}

TEST(OptionValues, ExpandVariables) {
  ::setenv("BULKHEAD_TEST_NAME", "purser", 1);
  EXPECT_EQ(expand_variables("/home/$BULKHEAD_TEST_NAME/x"), "/home/purser/x");
  EXPECT_EQ(expand_variables("${BULKHEAD_TEST_NAME}s"), "pursers");
  EXPECT_EQ(expand_variables("$$x costs $BULKHEAD_TEST_UNSET"), "$x costs ");
  EXPECT_EQ(expand_variables("none"), "none");
}

TEST(PasswordCommand, IsSplitAsAShellWould) {
  using testing::ElementsAre;
  EXPECT_THAT(split_words("pass show 'a b'").value(), ElementsAre("pass", "show", "a b"));
  EXPECT_THAT(split_words(R"(x "a \"b\" $c" d\ e)").value(), ElementsAre("x", "a \"b\" $c", "d e"));
  EXPECT_THAT(split_words("''").value(), ElementsAre(""));
  EXPECT_THAT(split_words("  \t").value(), testing::IsEmpty());
  EXPECT_FALSE(split_words("'open"));
  EXPECT_FALSE(split_words("end\\"));
}

TEST(Progress, TellsRateAndTimeLeft) {
  using std::chrono::seconds;
  const ProgressState half{
      .things_done = 5, .things_total = 10, .bytes_done = 1 << 20, .bytes_total = 2 << 20};
  EXPECT_EQ(describe(half, seconds(64), 1024.0 * 128),
            "[1:04]  50.0%  5 of 10 files, 1.000 MiB of 2.000 MiB, 128.000 KiB/s, 0:08 left");
  ProgressState growing = half;
  growing.total_known = false;
  growing.errors = 2;
  EXPECT_EQ(describe(growing, seconds(1), 0),
            "[0:01]  5 of 10+ files, 1.000 MiB of 2.000 MiB+, 2 errors");
  const ProgressState packs{.things = "packs", .things_done = 1, .things_total = 4};
  EXPECT_EQ(describe(packs, seconds(0), 0.5), "[0:00]  25.0%  1 of 4 packs, 0:06 left");
  const ProgressState stage{
      .stage = "deleting packs", .things = "packs", .things_done = 20, .things_total = 100};
  EXPECT_EQ(describe(stage, seconds(9), 40),
            "[0:09]  deleting packs:  20.0%  20 of 100 packs, 40/s, 0:02 left");
}

struct Given {
  std::string place;
  std::uint64_t count = 0;
  bool ran = false;
};

int run(Command& root, std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return run_command_line(root, "test", static_cast<int>(arguments.size()), arguments.data());
}

TEST(CommandLine, TakesOptionsInFrontOfTheVerb) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"x", "repo", "-r", "here", "-vv", "look"},
        {"x", "repo", "look", "-r", "here", "--verbose=2"},
        {"x", "repo", "-r", "here", "look", "-v", "-v"}}) {
    Command root("x", "");
    Command& repo = root.subcommand("repo", "");
    auto front = std::make_shared<Given>();
    auto given = std::make_shared<Given>();
    repo.option("-r,--repo", front->place, "", "BULKHEAD_TEST_PLACE");
    repo.flag("-v,--verbose", front->count, "");
    repo.hand_options_to_verbs(front);
    Command& look = repo.subcommand("look", "");
    look.option("-r,--repo", given->place, "", "BULKHEAD_TEST_PLACE");
    look.flag("-v,--verbose", given->count, "");
    look.on_run([given]() -> Result<int> {
      given->ran = true;
      return 0;
    });
    ::setenv("BULKHEAD_TEST_PLACE", "elsewhere", 1);
    EXPECT_EQ(run(root, words), 0);
    ::unsetenv("BULKHEAD_TEST_PLACE");
    EXPECT_TRUE(given->ran);
    EXPECT_EQ(given->place, "here");
    EXPECT_EQ(given->count, 2u);
  }
}

}  // namespace
}  // namespace bulkhead::cli::repo
