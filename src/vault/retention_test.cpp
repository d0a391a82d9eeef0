// What is deleted, when, and by whom: through the vault's requests, with the receive clock moved.
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "crypto/sha256.h"
#include "http/server.h"
#include "json/value.h"
#include "ledger/event.h"
#include "ledger/verify/log_folder.h"
#include "ledger/verify/tile_files.h"
#include "repository/parity.h"
#include "vault/vault.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using http::Method;

constexpr std::string_view kPassword = "a-password-of-the-test";

std::string name_of(std::string_view content) { return to_hex(crypto::sha256(as_bytes(content))); }

class RetentionTest : public testing::Test {
 protected:
  RetentionTest() : folder_(TemporaryDirectory::create("retention").value()) {
    configuration_.data = folder_.path() / "data";
    configuration_.credentials.file = folder_.path() / "credentials.toml";
    configuration_.officers = folder_.path() / "officers.toml";
    configuration_.policy.retention = 24h * 30;
    for (const auto& [user, role] :
         {std::pair{"writer", Role::write}, std::pair{"admin", Role::administer}}) {
      Credential credential{.user = user, .repository = "imo"};
      credential.role = role;
      EXPECT_TRUE(add_credential(configuration_.credentials.file, credential, kPassword,
                                 Replace::no, clock_));
    }
    for (const char* name : {"anna", "bert"}) {
      officers_.emplace(name, crypto::Ed25519Key::generate(random_));
      EXPECT_TRUE(add_officer(configuration_.officers,
                              {.name = name, .key = officers_.at(name).public_key()}, clock_));
    }
    start();
    EXPECT_EQ(ask(Method::post, "/imo/", "", "writer", true), 200);
  }
  void start() {
    vault_ = std::make_unique<Vault>(configuration_, clock_);
    ASSERT_TRUE(vault_->start());
  }
  int ask(Method method, std::string path, std::string_view body = "",
          const std::string& user = "writer", bool create = false) {
    http::MemoryBody content(to_bytes(body));
    http::Request request{.method = method, .path = std::move(path), .body = &content};
    if (create) request.query.add("create", "true");
    request.headers.add("Authorization",
                        "Basic " + to_base64(to_bytes(user + ":" + std::string(kPassword))));
    return vault_->handle(request).status;
  }
  int put(const std::string& folder, std::string_view content) {
    return ask(Method::post, "/imo/" + folder + "/" + name_of(content), content);
  }
  int remove(const std::string& folder, std::string_view content,
             const std::string& user = "admin") {
    return ask(Method::del, "/imo/" + folder + "/" + name_of(content), "", user);
  }
  int order(const std::string& officer, Order what, const std::string& request,
            const std::string& key = "") {
    const Statement statement{.order = what,
                              .vault = vault_->oversight().orders().vault(),
                              .officer = officer,
                              .made = clock_.now(),
                              .request = request,
                              .repository = "imo",
                              .key = key};
    return ask(Method::post, "/.vault/orders", sign_statement(statement, officers_.at(officer)),
               "nobody");
  }
  bool is_there(const std::string& relative) const {
    return std::filesystem::exists(configuration_.data / "imo" / relative);
  }

  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  SeededRandom random_{3};
  TemporaryDirectory folder_;
  std::map<std::string, crypto::Ed25519Key> officers_;
  Configuration configuration_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(RetentionTest, NobodyDeletesBeforeThePeriodIsOver) {
  ASSERT_EQ(put("snapshots", "s"), 200);
  clock_.advance(24h * 30 - 1s);
  EXPECT_EQ(remove("snapshots", "s", "admin"), 403);
  EXPECT_EQ(remove("snapshots", "s", "writer"), 403);
  clock_.advance(2s);
  EXPECT_EQ(remove("snapshots", "s", "writer"), 403);
  EXPECT_EQ(remove("snapshots", "s", "admin"), 200);
  EXPECT_EQ(remove("snapshots", "s", "admin"), 404);
  EXPECT_EQ(ask(Method::head, "/imo/snapshots/" + name_of("s")), 404);
}

TEST_F(RetentionTest, WithoutAKeyAPackIsKeptAsLongAsEverySnapshotThatCameAfterIt) {
  ASSERT_EQ(put("data", "old pack"), 200);
  ASSERT_EQ(put("index", "old index"), 200);
  clock_.advance(24h * 20);
  ASSERT_EQ(put("snapshots", "s"), 200);
  ASSERT_EQ(put("data", "new pack"), 200);
  clock_.advance(24h * 20);
  EXPECT_EQ(remove("data", "old pack"), 403) << "its own period is over, the snapshot is there";
  clock_.advance(24h * 20);
  EXPECT_EQ(remove("data", "old pack"), 403) << "as long as the snapshot has not gone";
  EXPECT_EQ(remove("data", "new pack"), 403) << "in the same instant as the snapshot";
  EXPECT_EQ(remove("snapshots", "s"), 200);
  EXPECT_EQ(remove("data", "old pack"), 200);
  EXPECT_EQ(remove("index", "old index"), 200);
}

TEST_F(RetentionTest, ConfigAndKeysAreNeverDeleted) {
  ASSERT_EQ(ask(Method::post, "/imo/config", "c"), 200);
  ASSERT_EQ(put("keys", "k"), 200);
  clock_.advance(24h * 1000);
  EXPECT_EQ(ask(Method::del, "/imo/config", "", "admin"), 403);
  EXPECT_EQ(remove("keys", "k"), 403);
}

TEST_F(RetentionTest, WithoutAPeriodNothingIsEverDeleted) {
  configuration_.policy.retention.reset();
  start();
  ASSERT_EQ(put("snapshots", "s"), 200);
  clock_.advance(24h * 10'000);
  EXPECT_EQ(remove("snapshots", "s"), 403);
}

TEST_F(RetentionTest, SendingTheSameBytesAgainChangesNoTime) {
  ASSERT_EQ(put("snapshots", "s"), 200);
  clock_.advance(24h * 29);
  ASSERT_EQ(put("snapshots", "s"), 200);
  clock_.advance(24h + 1s);
  EXPECT_EQ(remove("snapshots", "s"), 200);
}

TEST_F(RetentionTest, WhatHasNoReceiptIsKept) {
  ASSERT_EQ(put("snapshots", "s"), 200);
  ASSERT_TRUE(write_file_atomic(configuration_.data / "imo/snapshots" / name_of("laid there"),
                                as_bytes("laid there")));
  clock_.advance(24h * 1000);
  EXPECT_EQ(remove("snapshots", "laid there"), 403);
}

TEST_F(RetentionTest, ADestructionByTwoOfficersEndsTheRepositoryAfterTheDelay) {
  ASSERT_EQ(put("data", "pack"), 200);
  EXPECT_EQ(order("anna", Order::destroy, "r1"), 200);
  EXPECT_EQ(order("anna", Order::destroy, "r1"), 409);
  EXPECT_EQ(order("bert", Order::destroy, "r1"), 200);
  clock_.advance(72h - 1s);
  vault_->oversight().tick();
  EXPECT_TRUE(is_there("data"));
  clock_.advance(1s);
  vault_->oversight().tick();
  EXPECT_FALSE(is_there("data"));
  EXPECT_FALSE(is_there("receipts.jsonl"));
  EXPECT_EQ(ask(Method::get, "/imo/data/"), 404);
  // And begins anew when a client creates it.
  EXPECT_EQ(ask(Method::post, "/imo/", "", "writer", true), 200);
  EXPECT_EQ(put("data", "pack"), 200);
  vault_->oversight().tick();
  EXPECT_TRUE(is_there("data"));
}

TEST_F(RetentionTest, ADestructionIsPostedBeforeItsDelayIsOver) {
  Guarded<std::vector<std::string>> posted;
  const auto server = http::Server::start({.address = "127.0.0.1"}, [&](http::Request& request) {
    const auto body = http::read_body(*request.body, 1 << 20);
    posted.with([&](auto& all) { all.emplace_back(as_text(*body)); });
    return http::Response::text("");
  });
  ASSERT_TRUE(server);
  configuration_.webhook = "http://127.0.0.1:" + std::to_string((*server)->port()) + "/";
  start();
  ASSERT_EQ(put("data", "pack"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  ASSERT_EQ(order("bert", Order::destroy, "r1"), 200);
  vault_->oversight().tick();
  EXPECT_TRUE(is_there("data"));
  const auto texts = posted.with([](const auto& all) { return all; });
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_NE(texts[0].find("anna"), std::string::npos);
  EXPECT_NE(texts[1].find("bert"), std::string::npos);
  EXPECT_NE(texts[1].find("\"kind\":\"destruction\""), std::string::npos);
}

TEST_F(RetentionTest, WhatOfficersOrderIsInTheVaultsLedger) {
  ASSERT_EQ(put("data", "pack"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  start();
  ASSERT_EQ(order("bert", Order::destroy, "r1"), 200);
  ASSERT_EQ(order("anna", Order::cancel, "r1"), 200);
  vault_.reset();
  const Path folder = configuration_.state_folder();
  const std::string key = read_text_file(folder / "ledger.vkey", 4096).value();
  ledger::verify::FolderOptions options;
  options.folder = folder / "ledger";
  options.key = ledger::verify::parse_verifier_key(trim(key)).value();
  const auto report = ledger::verify::verify_folder(options);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_FALSE(report->bad) << report->bad->describe();
  const auto bundle = ledger::verify::TileFiles(folder / "ledger").entries(0, 3);
  ASSERT_EQ(bundle.entries.size(), 3u) << bundle.defect;
  const auto event = ledger::parse_event(bundle.entries[1]);
  ASSERT_TRUE(event);
  EXPECT_EQ(event->actor, "vault");
  EXPECT_EQ(event->action, "vault.destruction");
  EXPECT_EQ(event->object, "imo");
  EXPECT_NE(as_text(bundle.entries[1]).find("ordered by bert"), std::string_view::npos);
  // A ledger without its key is not begun anew.
  std::filesystem::remove(folder / "ledger.key");
  EXPECT_FALSE(Vault(configuration_, clock_).start());
}

// Refuses until it is told to take.
class Webhook {
 public:
  Webhook()
      : server_(http::Server::start({.address = "127.0.0.1"}, [this](http::Request& request) {
                  const auto body = http::read_body(*request.body, 1 << 20);
                  if (!takes) return http::Response::text("", 503);
                  posted_.with([&](auto& all) { all.emplace_back(as_text(*body)); });
                  return http::Response::text("");
                }).value()) {}
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()) + "/"; }
  std::vector<std::string> posted() const {
    return posted_.with([](const auto& all) { return all; });
  }
  std::atomic<bool> takes{false};

 private:
  Guarded<std::vector<std::string>> posted_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(RetentionTest, ADestructionWaitsUntilTheWebhookHasHeardOfIt) {
  Webhook webhook;
  configuration_.webhook = webhook.url();
  start();
  ASSERT_EQ(put("data", "pack"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  ASSERT_EQ(order("bert", Order::destroy, "r1"), 200);
  clock_.advance(73h);
  vault_->oversight().tick();
  EXPECT_TRUE(is_there("data")) << "nobody was told";
  start();
  vault_->oversight().tick();
  EXPECT_TRUE(is_there("data")) << "nor after a restart";
  webhook.takes = true;
  vault_->oversight().tick();
  ASSERT_GE(webhook.posted().size(), 2u);
  EXPECT_NE(webhook.posted()[0].find("anna"), std::string::npos);
  EXPECT_NE(webhook.posted()[1].find("bert"), std::string::npos);
  EXPECT_FALSE(is_there("data"));
  // And each is told once.
  vault_->oversight().tick();
  start();
  vault_->oversight().tick();
  EXPECT_EQ(webhook.posted().size(), 3u);
}

TEST_F(RetentionTest, MoreAlarmsThanCanBePostedHideNoDestruction) {
  Webhook webhook;
  configuration_.webhook = webhook.url();
  start();
  ASSERT_EQ(put("data", "pack"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  for (int i = 0; i < 310; ++i) {
    vault_->oversight().raise(AlarmKind::churn, "alarm " + std::to_string(i));
  }
  webhook.takes = true;
  vault_->oversight().tick();
  EXPECT_NE(webhook.posted().at(0).find("anna"), std::string::npos);
  EXPECT_NE(webhook.posted().back().find("alarm 309"), std::string::npos);
  EXPECT_LT(webhook.posted().size(), 311u);
}

TEST_F(RetentionTest, AnyNumberOfAlarmsLetsTheVaultStart) {
  vault_.reset();
  const Path alarms = configuration_.state_folder() / "alarms.jsonl";
  const std::string last = encode_alarm({clock_.now(), AlarmKind::churn, "imo", "the last"}) + "\n";
  {
    const auto file = open_file(alarms, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ASSERT_TRUE(file);
    // A hole: as long as anybody likes, and no room on the disk.
    ASSERT_EQ(::ftruncate(file->get(), std::int64_t{300} << 20), 0);
    ASSERT_GE(::lseek(file->get(), 0, SEEK_END), 0);
    ASSERT_TRUE(write_all(file->get(), as_bytes("\n" + last)));
  }
  start();
  ASSERT_FALSE(HasFatalFailure());
  EXPECT_EQ(vault_->oversight().alarms().latest(1).at(0).text, "the last");
}

// Calls before a log is opened.
class Meanwhile final : public FileLayer {
 public:
  std::function<void(const Path&)> before_log;
  Result<FileDescriptor> create(const Path& path) override { return real_.create(path); }
  Result<FileDescriptor> reopen(const Path& path) override { return real_.reopen(path); }
  Result<FileDescriptor> open_log(const Path& path) override {
    if (before_log) before_log(path);
    return real_.open_log(path);
  }
  Result<void> write(int file, ByteView bytes) override { return real_.write(file, bytes); }
  void begin_flushing(int file) override { real_.begin_flushing(file); }
  Result<void> seal(int file) override { return real_.seal(file); }
  Result<void> sync_data(int file) override { return real_.sync_data(file); }
  Result<void> rename_to_new(const Path& from, const Path& to) override {
    return real_.rename_to_new(from, to);
  }
  Result<void> rename_over(const Path& from, const Path& to) override {
    return real_.rename_over(from, to);
  }
  Result<void> sync_folder(const Path& folder) override { return real_.sync_folder(folder); }
  Result<void> remove(const Path& path) override { return real_.remove(path); }

 private:
  FileLayer& real_ = system_files();
};

TEST_F(RetentionTest, ASnapshotThatComesWhileAPackIsBeingDeletedKeepsIt) {
  Meanwhile files;
  vault_.reset();
  vault_ = std::make_unique<Vault>(configuration_, clock_, files);
  ASSERT_TRUE(vault_->start());
  ASSERT_EQ(put("data", "pack"), 200);
  clock_.advance(24h * 31);
  files.before_log = [&](const Path& path) {
    if (path.filename() != "deletions.jsonl") return;
    files.before_log = nullptr;
    EXPECT_EQ(put("snapshots", "s"), 200);
  };
  EXPECT_EQ(remove("data", "pack"), 403);
  vault_.reset();  // before its files
}

TEST_F(RetentionTest, SnapshotsAreListedWithTheirReceipts) {
  ASSERT_EQ(put("snapshots", "s"), 200);
  clock_.advance(1h);
  start();
  ASSERT_EQ(put("snapshots", "t"), 200);
  ASSERT_EQ(put("index", "i"), 200);
  http::MemoryBody none;
  const auto list = [&](const std::string& path) {
    http::Request request{.path = path, .body = &none};
    request.headers.add("Accept", "application/vnd.x.restic.rest.v2");
    request.headers.add("Authorization",
                        "Basic " + to_base64(to_bytes("writer:" + std::string(kPassword))));
    return json::parse(vault_->handle(request).body).value();
  };
  std::map<std::string, std::string> received;
  const json::Value snapshots = list("/imo/snapshots/");
  const json::Array* const all = snapshots.array();
  for (const json::Value& one : *all) {
    const std::string* const at = one["received"].string();
    received[*one["name"].string()] = at != nullptr ? *at : "";
  }
  EXPECT_EQ(received.size(), 2u);
  EXPECT_EQ(received[name_of("s")], "2020-09-13T12:26:40Z");
  EXPECT_EQ(received[name_of("t")], "2020-09-13T13:26:40Z");
  const json::Value indexes = list("/imo/index/");
  EXPECT_TRUE((*indexes.array())[0]["received"].is_null()) << "nobody asks, and a million have one";
}

TEST_F(RetentionTest, AFolderWithoutItsClocksStateExpiresNothingUntilAnOfficerSaysSo) {
  ASSERT_EQ(put("snapshots", "s"), 200);
  vault_.reset();
  std::filesystem::remove(configuration_.state_folder() / "clock.json");
  clock_.advance(24h * 365);
  for (int i = 0; i < 2; ++i) {
    start();
    EXPECT_EQ(remove("snapshots", "s"), 403);
    vault_->oversight().tick();
  }
  EXPECT_EQ(vault_->oversight().alarms().latest(1).at(0).kind, AlarmKind::clock_jump);
  const auto frozen = vault_->oversight().receive_clock().frozen();
  ASSERT_TRUE(frozen);
  ASSERT_EQ(order("anna", Order::accept_clock, frozen->id()), 200);
  EXPECT_EQ(remove("snapshots", "s"), 200);
}

TEST_F(RetentionTest, ATimeInsideASnapshotMakesItNoOlder) {
  const std::string snapshot = "{\"time\":\"2001-01-01T00:00:00Z\",\"tree\":null,\"paths\":[]}";
  ASSERT_EQ(put("data", "pack"), 200);
  ASSERT_EQ(put("snapshots", snapshot), 200);
  clock_.advance(24h * 30 - 1s);
  EXPECT_EQ(remove("snapshots", snapshot), 403);
  EXPECT_EQ(remove("data", "pack"), 403);
  clock_.advance(2s);
  EXPECT_EQ(remove("snapshots", snapshot), 200);
}

TEST_F(RetentionTest, OneOfficerCancelsADestruction) {
  ASSERT_EQ(put("data", "pack"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  ASSERT_EQ(order("bert", Order::destroy, "r1"), 200);
  ASSERT_EQ(order("bert", Order::cancel, "r1"), 200);
  clock_.advance(24h * 365);
  vault_->oversight().tick();
  EXPECT_TRUE(is_there("data"));
}

TEST_F(RetentionTest, ARepositoryInsideTheDestroyedOnesFolderStays) {
  Credential credential{.user = "inner", .repository = "imo/website"};
  ASSERT_TRUE(
      add_credential(configuration_.credentials.file, credential, kPassword, Replace::no, clock_));
  ASSERT_EQ(ask(Method::post, "/imo/website/", "", "inner", true), 200);
  ASSERT_EQ(ask(Method::post, "/imo/website/data/" + name_of("x"), "x", "inner"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  ASSERT_EQ(order("bert", Order::destroy, "r1"), 200);
  clock_.advance(73h);
  vault_->oversight().tick();
  EXPECT_EQ(ask(Method::get, "/imo/data/"), 404);
  EXPECT_EQ(ask(Method::get, "/imo/website/data/" + name_of("x"), "", "inner"), 200);
}

TEST_F(RetentionTest, OrdersThatAreNoOfficersAreRefused) {
  for (const char* body : {"", "{}", "null", "{\"statement\":\"{}\",\"signature\":\"\"}"}) {
    const int status = ask(Method::post, "/.vault/orders", body, "nobody");
    EXPECT_TRUE(status == 400 || status == 403) << body << " " << status;
  }
  EXPECT_EQ(ask(Method::get, "/.vault/orders", "", "admin"), 405);
  EXPECT_EQ(ask(Method::get, "/.vault/status", "", "admin"), 403);
  EXPECT_EQ(ask(Method::get, "/.vault/identity", "", "nobody"), 200);
  EXPECT_EQ(ask(Method::post, "/.vault/orders", std::string(kOrderSizeMax + 1, 'x')), 413);
}

TEST_F(RetentionTest, AnOfficerLetsOneKeyIntoAFrozenRepository) {
  ASSERT_EQ(put("keys", "first"), 200);
  ASSERT_EQ(put("snapshots", "s"), 200);
  EXPECT_EQ(put("keys", "second"), 403);
  ASSERT_EQ(order("anna", Order::enrol_key, "", name_of("second")), 200);
  EXPECT_EQ(put("keys", "third"), 403);
  EXPECT_EQ(put("keys", "second"), 200);
}

TEST_F(RetentionTest, ARewriteOfAllThatIsStoredAlarms) {
  configuration_.policy.churn.size_min = 100;
  start();
  ASSERT_EQ(put("data", std::string(1000, 'a')), 200);
  ASSERT_EQ(put("snapshots", "s1"), 200);
  ASSERT_EQ(put("data", std::string(400, 'b')), 200);
  EXPECT_TRUE(vault_->oversight().alarms().latest(10).empty());
  start();  // what was ordinary is learnt again from the receipts
  ASSERT_EQ(put("data", std::string(300, 'c')), 200);
  const auto alarms = vault_->oversight().alarms().latest(10);
  ASSERT_EQ(alarms.size(), 1u);
  EXPECT_EQ(alarms[0].kind, AlarmKind::churn);
  EXPECT_EQ(alarms[0].repository, "imo");
}

TEST_F(RetentionTest, TheScrubFindsWhatDecayedOnTheDisk) {
  configuration_.scrub_period = 1h;
  start();
  ASSERT_EQ(put("data", "pack one"), 200);
  ASSERT_EQ(put("data", "pack two"), 200);
  const Path pack =
      configuration_.data / "imo/data" / name_of("pack one").substr(0, 2) / name_of("pack one");
  std::filesystem::permissions(pack, std::filesystem::perms::owner_all);
  ASSERT_TRUE(write_file_atomic(pack, as_bytes("pack 0ne")));
  for (int i = 0; i < 300; ++i) {
    clock_.advance(1min);
    vault_->oversight().tick();
  }
  const ScrubTotals totals = vault_->oversight().scrubbed();
  EXPECT_GE(totals.rounds, 1u);
  EXPECT_GE(totals.damaged, 1u);
  EXPECT_GE(totals.files, 2u);
  EXPECT_EQ(vault_->oversight().alarms().latest(1).at(0).kind, AlarmKind::damaged_file);
  // Sent again, it is mended.
  ASSERT_EQ(put("data", "pack one"), 200);
  EXPECT_EQ(read_text_file(pack, 100).value(), "pack one");
}

TEST_F(RetentionTest, TheScrubMendsAPackFromItsParity) {
  configuration_.scrub_period = 1h;
  start();
  const std::string content(100'000, 'p');
  const std::string name = name_of(content);
  const Bytes parity =
      repository::make_parity(repository::PackId::from_hex(name).value(), as_bytes(content), 10);
  ASSERT_EQ(put("data", content), 200);
  ASSERT_EQ(ask(Method::post, "/imo/parity/" + name, as_text(parity)), 200);
  const Path pack = configuration_.data / "imo/data" / name.substr(0, 2) / name;
  std::filesystem::permissions(pack, std::filesystem::perms::owner_all);
  std::string damaged = content;
  damaged[50'000] = 'q';
  ASSERT_TRUE(write_file_atomic(pack, as_bytes(damaged)));
  for (int i = 0; i < 100; ++i) {
    clock_.advance(1min);
    vault_->oversight().tick();
  }
  EXPECT_EQ(read_text_file(pack, 1 << 20).value(), content);
  const auto alarms = vault_->oversight().alarms().latest(9);
  ASSERT_EQ(alarms.size(), 1u);
  EXPECT_NE(alarms[0].text.find("mended from its parity"), std::string::npos);
}

TEST_F(RetentionTest, ParityIsKeptAsLongAsItsPack) {
  const std::string content(10'000, 'p');
  const Bytes parity = repository::make_parity(
      repository::PackId::from_hex(name_of(content)).value(), as_bytes(content), 10);
  ASSERT_EQ(put("data", content), 200);
  ASSERT_EQ(ask(Method::post, "/imo/parity/" + name_of(content), as_text(parity)), 200);
  EXPECT_EQ(remove("parity", content), 403);
  clock_.advance(24h * 31);
  vault_->oversight().tick();
  EXPECT_EQ(remove("parity", content), 403);
  EXPECT_EQ(remove("data", content), 200);
  EXPECT_EQ(remove("parity", content), 200);
}

TEST_F(RetentionTest, TheStatusPageShowsRepositoriesLocksAndAlarms) {
  ASSERT_EQ(put("snapshots", "s"), 200);
  ASSERT_EQ(order("anna", Order::destroy, "r1"), 200);
  http::MemoryBody none;
  http::Request request{.path = "/.vault/status", .body = &none};
  const http::Response page = vault_->handle_local(request);
  EXPECT_EQ(page.status, 200);
  EXPECT_NE(page.body.find("imo"), std::string::npos);
  EXPECT_NE(page.body.find("2020-10-13"), std::string::npos) << "locked until";
  EXPECT_NE(page.body.find("r1"), std::string::npos);
  EXPECT_TRUE(page.headers.find("Content-Security-Policy"));
  request.path = "/.vault/status.json";
  const auto value = json::parse(vault_->handle_local(request).body);
  ASSERT_TRUE(value);
  EXPECT_EQ((*value)["repositories"].array()->size(), 1u);
  request.path = "/metrics";
  const std::string metrics = vault_->handle_local(request).body;
  EXPECT_NE(metrics.find("bulkhead_vault_alarms_total{kind=\"destruction\"} 1"), std::string::npos);
  EXPECT_NE(metrics.find("bulkhead_vault_clock_frozen 0"), std::string::npos);
}

}  // namespace
}  // namespace bulkhead::vault
