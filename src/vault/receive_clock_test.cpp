#include "vault/receive_clock.h"

#include <gtest/gtest.h>

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;

// Its two hands are moved apart, as an administrator or a false time server would.
class TwoHandedClock final : public Clock {
 public:
  WallTime now() const override { return WallTime(1'600'000'000s) + wall; }
  SteadyTime steady_now() const override { return SteadyTime(1'000s + steady); }
  void run(std::chrono::nanoseconds by) {
    wall += by;
    steady += by;
  }
  std::chrono::nanoseconds wall{0};
  std::chrono::nanoseconds steady{0};
};

class ReceiveClockTest : public testing::Test {
 protected:
  ReceiveClockTest() : folder_(TemporaryDirectory::create("clock").value()) { open("boot one"); }
  void open(const std::string& boot) {
    receive_ = std::move(ReceiveClock::open(file(), clock_, boot).value());
  }
  Path file() const { return folder_.path() / "clock.json"; }

  TwoHandedClock clock_;
  TemporaryDirectory folder_;
  std::unique_ptr<ReceiveClock> receive_;
};

TEST_F(ReceiveClockTest, FollowsAClockThatRunsEvenly) {
  const WallTime begin = receive_->now();
  clock_.run(24h * 400);
  EXPECT_EQ(receive_->now() - begin, 24h * 400);
  EXPECT_EQ(receive_->expiry_now(), receive_->now());
  EXPECT_FALSE(receive_->frozen());
}

TEST_F(ReceiveClockTest, AJumpForwardExpiresNothing) {
  clock_.run(1h);
  const WallTime before = receive_->now();
  clock_.wall += 24h * 365;
  clock_.run(1min);
  EXPECT_EQ(receive_->now(), before + 1min);
  EXPECT_LE(receive_->expiry_now(), before + 1min);
  ASSERT_TRUE(receive_->frozen());
  clock_.run(24h * 30);
  EXPECT_EQ(receive_->now(), before + 1min + 24h * 30);
  EXPECT_LE(receive_->expiry_now(), before + 1min);
}

TEST_F(ReceiveClockTest, AJumpBackIsNoticedAndNoReceiptGoesBack) {
  clock_.run(10h);
  const WallTime before = receive_->now();
  clock_.wall -= 5h;
  EXPECT_GE(receive_->now(), before);
  EXPECT_TRUE(receive_->frozen());
}

TEST_F(ReceiveClockTest, ManySmallJumpsAreOneLargeOne) {
  for (int i = 0; i < 10; ++i) {
    clock_.wall += 1min;
    clock_.run(1h);
    ASSERT_TRUE(receive_->tick());
  }
  EXPECT_TRUE(receive_->frozen());
}

TEST_F(ReceiveClockTest, AJumpWhileTheProgramWasNotRunningIsNoticedInTheSameBoot) {
  ASSERT_TRUE(receive_->tick());
  clock_.run(24h * 20);
  clock_.wall += 6min;
  open("boot one");
  EXPECT_TRUE(receive_->frozen());
}

TEST_F(ReceiveClockTest, AcrossABootADayMayHavePassedAndNoMore) {
  clock_.run(23h);
  clock_.steady = 0s;
  open("boot two");
  EXPECT_FALSE(receive_->frozen());
  const WallTime before = receive_->now();
  clock_.wall += 25h;
  clock_.steady = 5s;
  open("boot three");
  ASSERT_TRUE(receive_->frozen());
  EXPECT_LE(receive_->expiry_now(), before);
  open("boot four");
  EXPECT_TRUE(receive_->frozen()) << "a further restart does not thaw it";
  ASSERT_TRUE(receive_->accept());
  EXPECT_FALSE(receive_->frozen());
  EXPECT_EQ(receive_->now(), clock_.now());
  open("boot four");
  EXPECT_FALSE(receive_->frozen());
}

TEST_F(ReceiveClockTest, AStateThatCannotBeReadFreezes) {
  ASSERT_TRUE(write_file_atomic(file(), as_bytes("{\"boot\":")));
  open("boot one");
  EXPECT_TRUE(receive_->frozen());
}

}  // namespace
}  // namespace bulkhead::vault
