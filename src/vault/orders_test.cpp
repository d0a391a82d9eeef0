#include "vault/orders.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;

class OrdersTest : public testing::Test {
 protected:
  OrdersTest() : folder_(TemporaryDirectory::create("orders").value()) {
    for (const char* name : {"anna", "bert", "carla"}) {
      keys_.emplace(name, crypto::Ed25519Key::generate(random_));
      EXPECT_TRUE(add_officer(file(), {.name = name, .key = keys_.at(name).public_key()}, clock_));
    }
    open();
  }
  void open() { orders_ = std::move(Orders::open(folder_.path(), system_files(), 72h).value()); }
  Path file() const { return folder_.path() / "officers.toml"; }
  Statement statement(const std::string& officer, Order order, const std::string& request) {
    return {.order = order,
            .vault = orders_->vault(),
            .officer = officer,
            .made = clock_.now(),
            .request = request,
            .repository = order == Order::destroy ? "imo" : ""};
  }
  // Signed, opened and taken, as if it had come over the network.
  Result<std::string> give(const Statement& statement) {
    const std::string envelope = sign_statement(statement, keys_.at(statement.officer));
    const auto officers = TRY(read_officers(file()));
    const Statement opened = TRY(open_statement(envelope, officers));
    return orders_->take(opened, envelope, clock_.now());
  }
  Result<std::string> give(const std::string& officer, Order order, const std::string& request) {
    return give(statement(officer, order, request));
  }

  SeededRandom random_{7};
  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  TemporaryDirectory folder_;
  std::map<std::string, crypto::Ed25519Key> keys_;
  std::unique_ptr<Orders> orders_;
};

TEST_F(OrdersTest, ADestructionNeedsTwoOfficersAndTheDelay) {
  ASSERT_TRUE(give("anna", Order::destroy, "r1"));
  EXPECT_TRUE(orders_->due(clock_.now() + 1000h).empty());
  EXPECT_FALSE(give("anna", Order::destroy, "r1")) << "one person has one voice";
  ASSERT_TRUE(give("bert", Order::destroy, "r1"));
  EXPECT_TRUE(orders_->due(clock_.now() + 72h - 1s).empty());
  ASSERT_EQ(orders_->due(clock_.now() + 72h).size(), 1u);
  EXPECT_EQ(orders_->due(clock_.now() + 72h).front().repository, "imo");
  open();
  EXPECT_EQ(orders_->due(clock_.now() + 72h).size(), 1u) << "after a restart, too";
  ASSERT_TRUE(orders_->mark_done("r1", clock_.now()));
  open();
  EXPECT_TRUE(orders_->due(clock_.now() + 1000h).empty());
  EXPECT_FALSE(give("carla", Order::destroy, "r1")) << "a request is used once";
}

TEST_F(OrdersTest, AnyOneOfficerCancels) {
  ASSERT_TRUE(give("anna", Order::destroy, "r1"));
  ASSERT_TRUE(give("bert", Order::destroy, "r1"));
  ASSERT_TRUE(give("carla", Order::cancel, "r1"));
  open();
  EXPECT_TRUE(orders_->due(clock_.now() + 1000h).empty());
  EXPECT_EQ(orders_->destructions().front().cancelled_by, "carla");
  EXPECT_FALSE(give("bert", Order::destroy, "r1"));
  EXPECT_FALSE(give("anna", Order::cancel, "r1"));
  EXPECT_FALSE(give("anna", Order::cancel, "r2"));
}

TEST_F(OrdersTest, AConfirmationNamesTheSameRepository) {
  ASSERT_TRUE(give("anna", Order::destroy, "r1"));
  Statement other = statement("bert", Order::destroy, "r1");
  other.repository = "imo/website";
  EXPECT_FALSE(give(other));
}

TEST_F(OrdersTest, WhatIsNotSignedByTheOfficerItNamesIsRefused) {
  const auto officers = read_officers(file()).value();
  const Statement real = statement("anna", Order::destroy, "r1");
  EXPECT_FALSE(open_statement(sign_statement(real, keys_.at("bert")), officers));
  Statement stranger = real;
  stranger.officer = "dora";
  EXPECT_FALSE(open_statement(sign_statement(stranger, keys_.at("anna")), officers));
  const std::string envelope = sign_statement(real, keys_.at("anna"));
  ASSERT_TRUE(open_statement(envelope, officers));
  for (std::size_t i = 0; i < envelope.size(); ++i) {
    std::string changed = envelope;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto opened = open_statement(changed, officers);
    EXPECT_TRUE(!opened || encode_statement(*opened) == encode_statement(real)) << i;
  }
}

TEST_F(OrdersTest, AnOrderForAnotherVaultIsRefused) {
  Statement other = statement("anna", Order::destroy, "r1");
  other.vault = "0123";
  EXPECT_FALSE(give(other));
  EXPECT_TRUE(orders_->destructions().empty());
}

TEST_F(OrdersTest, OneOfficerAllowsAKey) {
  Statement allowed = statement("anna", Order::enrol_key, "");
  allowed.repository = "imo";
  allowed.key = std::string(64, 'a');
  ASSERT_TRUE(give(allowed));
  open();
  EXPECT_TRUE(orders_->allows_key("imo", std::string(64, 'a')));
  EXPECT_FALSE(orders_->allows_key("imo", std::string(64, 'b')));
  EXPECT_FALSE(orders_->allows_key("other", std::string(64, 'a')));
}

TEST_F(OrdersTest, AnOfficerIsEnrolledOnce) {
  EXPECT_FALSE(add_officer(file(), {.name = "anna", .key = {}}, clock_));
  EXPECT_FALSE(
      add_officer(file(), {.name = "anna2", .key = keys_.at("anna").public_key()}, clock_));
  EXPECT_FALSE(add_officer(file(), {.name = "a b", .key = {}}, clock_));
}

TEST_F(OrdersTest, AFileThatGivesOneKeyTwoNamesIsRefused) {
  const std::string good = read_text_file(file(), 1 << 16).value();
  const std::string key = to_base64(keys_.at("anna").public_key());
  ASSERT_TRUE(write_file_atomic(file(), as_bytes(good + "[[officer]]\nname = \"dora\"\nkey = \"" +
                                                 key + "\"\nadded = \"\"\n")));
  EXPECT_FALSE(read_officers(file()));
}

TEST_F(OrdersTest, ALineThatACrashCutShortHarmsNoOther) {
  ASSERT_TRUE(give("anna", Order::destroy, "r1"));
  {
    const auto log = open_file(folder_.path() / "orders.jsonl", O_WRONLY | O_APPEND);
    ASSERT_TRUE(write_all(log->get(), as_bytes("{\"received\":\"20")));
  }
  open();
  ASSERT_TRUE(give("bert", Order::destroy, "r1"));
  open();
  EXPECT_EQ(orders_->due(clock_.now() + 72h).size(), 1u);
}

}  // namespace
}  // namespace bulkhead::vault
