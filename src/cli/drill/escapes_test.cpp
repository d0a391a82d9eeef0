#include "cli/drill/escapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bulkhead::cli::drill {
namespace {

using attacker::Attempt;
using attacker::Target;
using attacker::Way;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<Target> kNamed = {{Way::tcp, "127.0.0.1:8444"},
                                    {Way::unix_socket, "/estate/run/control.sock"}};

json::Value report(const std::vector<Attempt>& named) {
  json::Array attempts;
  const auto add = [&](std::string_view way, std::string_view where, bool succeeded,
                       std::string_view outcome) {
    attempts.push_back(json::Object{
        {"way", way}, {"target", where}, {"succeeded", succeeded}, {"outcome", outcome}});
  };
  for (const auto& known : attacker::kKnownTargets) {
    add(name_of(known.way), known.where, false, "ENOENT");
  }
  for (const Attempt& attempt : named) {
    add(name_of(attempt.target.way), attempt.target.where, attempt.succeeded, attempt.outcome);
  }
  return json::Object{{"attempts", attempts}};
}

TEST(Escapes, EveryOneThatWasRefusedPasses) {
  const EscapeVerdict verdict = judge_escapes(
      report({{kNamed[0], false, "ENETUNREACH"}, {kNamed[1], false, "ENOENT"}}), kNamed);
  EXPECT_THAT(verdict.open, IsEmpty());
  EXPECT_EQ(verdict.refused, attacker::kKnownTargets.size() + 2);
}

TEST(Escapes, OneThatSucceededIsNamed) {
  const EscapeVerdict verdict =
      judge_escapes(report({{kNamed[0], true, "succeeded"}, {kNamed[1], false, "ENOENT"}}), kNamed);
  EXPECT_THAT(verdict.open, ElementsAre("tcp 127.0.0.1:8444: succeeded"));
}

TEST(Escapes, OneThatIsNotInTheReportWasNotTried) {
  const EscapeVerdict verdict = judge_escapes(report({{kNamed[0], false, "ENETUNREACH"}}), kNamed);
  EXPECT_THAT(verdict.open, ElementsAre("unix-socket /estate/run/control.sock was not tried"));
  EXPECT_EQ(judge_escapes(json::Value(), {}).open.size(), attacker::kKnownTargets.size());
}

TEST(Escapes, OneThatWasNeverMadeOrRanOutOfTimeWasNotRefused) {
  const EscapeVerdict verdict = judge_escapes(
      report({{kNamed[0], false, "EINPROGRESS"}, {kNamed[1], false, "not an address"}}), kNamed);
  EXPECT_EQ(verdict.open.size(), 2u);
}

}  // namespace
}  // namespace bulkhead::cli::drill
