#include "vault/witness_host.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ledger/add_checkpoint.h"
#include "ledger/tile_tree.h"

namespace bulkhead::vault {
namespace {

class WitnessHostTest : public testing::Test {
 protected:
  WitnessHostTest() {
    key_ = WitnessHost::enrol(folder_.path(), signer_.verifier_key() + "\n", random_).value();
    host_ = open();
  }
  std::unique_ptr<WitnessHost> open() {
    return WitnessHost::open(folder_.path(), clock_, random_,
                             [this](const std::string& text) { alarms_.push_back(text); })
        .value();
  }
  std::string checkpoint(std::uint64_t entries, std::string_view entry = "event") const {
    ledger::TileTree tree;
    while (tree.size() < entries) tree.add(as_bytes(entry));
    const std::string text = fmt::format("imo/ledger\n{}\n{}\n", entries, to_base64(tree.root()));
    return text + "\n" + signer_.sign(text);
  }
  http::Response ask(http::Method method, std::string_view what, std::string body = "") {
    http::Request request;
    request.method = method;
    http::MemoryBody content(to_bytes(body));
    request.body = &content;
    return host_->handle(request, what);
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("witness-host").value();
  SystemClock clock_;
  SeededRandom random_{1};
  const ledger::NoteSigner signer_ =
      ledger::NoteSigner::generate("imo/ledger", ledger::SignerKind::log, random_).value();
  std::vector<std::string> alarms_;
  std::string key_;
  std::unique_ptr<WitnessHost> host_;
};

TEST_F(WitnessHostTest, CosignsAndShowsAndKeepsItsKey) {
  const std::string body = ledger::write_add_checkpoint({0, {}, checkpoint(1)});
  EXPECT_EQ(ask(http::Method::post, "add-checkpoint", body).status, 200);
  const http::Response known = ask(http::Method::post, "add-checkpoint", body);
  EXPECT_EQ(known.status, 409);
  EXPECT_EQ(known.headers.find("Content-Type"), "text/x.tlog.size");
  const std::string shown = ledger::origin_hash("imo/ledger") + "/checkpoint";
  EXPECT_EQ(ask(http::Method::get, shown).status, 200);
  EXPECT_EQ(host_->verifier_key(), key_);
  host_ = open();
  EXPECT_EQ(host_->verifier_key(), key_);
  EXPECT_EQ(ask(http::Method::get, shown).status, 200);
}

TEST_F(WitnessHostTest, RefusesWhatItDoesNotServe) {
  EXPECT_EQ(ask(http::Method::get, "add-checkpoint").status, 405);
  EXPECT_EQ(ask(http::Method::post, "add-checkpoint", "x").status, 400);
  EXPECT_EQ(ask(http::Method::get, "nothing").status, 404);
  EXPECT_EQ(ask(http::Method::get, std::string(64, '0') + "/checkpoint").status, 404);
  EXPECT_EQ(ask(http::Method::get, "../../witness.key/checkpoint").status, 404);
}

TEST_F(WitnessHostTest, AForkAndARollBackRaiseAnAlarmOnceEach) {
  const auto show = [&](std::uint64_t old_size, const std::string& note) {
    return ask(http::Method::post, "add-checkpoint",
               ledger::write_add_checkpoint({old_size, {}, note}))
        .status;
  };
  EXPECT_EQ(show(0, checkpoint(3)), 200);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(show(0, checkpoint(2)), 409);
  ASSERT_EQ(alarms_.size(), 1u);
  EXPECT_NE(alarms_[0].find("imo/ledger was rolled back: it now has 2 events, and 3"),
            std::string::npos);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(show(3, checkpoint(3, "another")), 422);
  ASSERT_EQ(alarms_.size(), 2u);
  EXPECT_NE(alarms_[1].find("imo/ledger was forked"), std::string::npos);
  EXPECT_EQ(show(3, checkpoint(3)), 200) << "what was refused left no trace";
}

TEST_F(WitnessHostTest, KnowsALedgerByOneKeyOnly) {
  EXPECT_EQ(WitnessHost::enrol(folder_.path(), signer_.verifier_key(), random_).value(), key_);
  const auto thief =
      ledger::NoteSigner::generate("imo/ledger", ledger::SignerKind::log, random_).value();
  const auto refused = WitnessHost::enrol(folder_.path(), thief.verifier_key(), random_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  EXPECT_FALSE(WitnessHost::enrol(folder_.path(), key_, random_)) << "a witness's own";
}

}  // namespace
}  // namespace bulkhead::vault
