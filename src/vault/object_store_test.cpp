// Folder and object store hold each other up: through the vault's requests and rounds, with a store
// in memory. Against a real one: tests/s3/radosgw_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "repository/parity.h"
#include "storage/file_names.h"
#include "storage/memory_locked_store.h"
#include "vault/vault.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using http::Method;
using storage::FileId;
using storage::FileType;
using storage::LockedVersion;
using storage::MemoryLockedStore;
using testing::HasSubstr;

constexpr std::string_view kPassword = "a-password-of-the-test";
constexpr std::chrono::hours kLock{24 * 30};

FileId id_of(FileType type, std::string_view content) {
  return {type, type == FileType::config ? "" : to_hex(crypto::sha256(as_bytes(content)))};
}

// The store outlives the vaults that open it.
class Lent final : public storage::LockedStore {
 public:
  explicit Lent(MemoryLockedStore& store) : store_(store) {}
  std::string location() const override { return store_.location(); }
  Result<void> put(const FileId& id, ByteView content, WallTime until) override {
    return store_.put(id, content, until);
  }
  Result<storage::NewestVersion> newest(const FileId& id) override { return store_.newest(id); }
  Result<void> extend(const FileId& id, const std::string& version, WallTime until) override {
    return store_.extend(id, version, until);
  }
  Result<std::vector<LockedVersion>> versions(FileType type) override {
    return store_.versions(type);
  }
  Result<std::vector<LockedVersion>> versions_of(const FileId& id) override {
    return store_.versions_of(id);
  }
  Result<Bytes> load(const FileId& id, const std::string& version) override {
    return store_.load(id, version);
  }

 private:
  MemoryLockedStore& store_;
};

class ObjectStoreTest : public testing::Test {
 protected:
  ObjectStoreTest() : folder_(TemporaryDirectory::create("object-store").value()) {
    configuration_.data = folder_.path() / "data";
    configuration_.credentials.file = folder_.path() / "credentials.toml";
    configuration_.policy.retention = 24h * 30;
    configuration_.scrub_period = 1h;
    for (const char* repository : {"imo", "zoo"}) {
      Credential credential{.user = repository, .repository = repository};
      credential.role = Role::administer;
      EXPECT_TRUE(add_credential(configuration_.credentials.file, credential, kPassword,
                                 Replace::no, clock_));
    }
    start(Store::absent);
    create("imo");
  }

  enum class Store { absent, present };
  void start(Store store = Store::present) {
    vault_.reset();
    configuration_.object_store.bucket = store == Store::present ? "memory:bucket" : "";
    vault_ = std::make_unique<Vault>(
        configuration_, clock_, system_files(),
        [this](const ObjectStore& wanted, const Clock&, LockedCopies::Now now) {
          auto open =
              [this](
                  const std::string& repository) -> Result<std::unique_ptr<storage::LockedStore>> {
            return std::make_unique<Lent>(store_of(repository));
          };
          return Result<std::unique_ptr<LockedCopies>>(
              wanted.bucket.empty() ? nullptr
                                    : std::make_unique<LockedCopies>(kLock, open, std::move(now)));
        });
    const auto started = vault_->start();
    ASSERT_TRUE(started) << started.error().message();
  }
  MemoryLockedStore& store_of(const std::string& repository) {
    auto& store = stores_[repository];
    if (!store) store = std::make_unique<MemoryLockedStore>(clock_);
    return *store;
  }

  int ask(Method method, std::string path, std::string_view body = "", bool is_create = false) {
    http::MemoryBody content(to_bytes(body));
    http::Request request{.method = method, .path = std::move(path), .body = &content};
    if (is_create) request.query.add("create", "true");
    const std::string user = request.path.substr(1, request.path.find('/', 1) - 1);
    request.headers.add("Authorization",
                        "Basic " + to_base64(to_bytes(user + ":" + std::string(kPassword))));
    return vault_->handle(request).status;
  }
  void create(const std::string& repository) {
    ASSERT_EQ(ask(Method::post, "/" + repository + "/", "", true), 200);
  }
  FileId put(FileType type, std::string_view content, const std::string& repository = "imo") {
    const FileId id = id_of(type, content);
    EXPECT_EQ(ask(Method::post, "/" + repository + "/" + storage::describe(id), content), 200);
    return id;
  }
  Path path_of(const FileId& id, const std::string& repository = "imo") const {
    const Path folder = configuration_.data / repository / storage::folder_of(id.type);
    if (id.type == FileType::config) return folder;
    return id.type == FileType::data ? folder / id.name.substr(0, 2) / id.name : folder / id.name;
  }
  void damage(const FileId& id, std::string_view content) {
    std::filesystem::remove(path_of(id));
    ASSERT_TRUE(write_file_atomic(path_of(id), as_bytes(content)));
  }
  std::string content_of(const FileId& id) const {
    return read_text_file(path_of(id), 1 << 20).value_or("is not there");
  }
  void scrub_all() {
    for (int i = 0; i < 80; ++i) {
      clock_.advance(1min);
      vault_->oversight().tick();
    }
  }
  CopyTotals round() {
    vault_->oversight().keep_copies();
    return vault_->oversight().copies().value();
  }
  std::vector<Alarm> alarms() const { return vault_->oversight().alarms().latest(20); }

  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  const TemporaryDirectory folder_;
  std::map<std::string, std::unique_ptr<MemoryLockedStore>> stores_;
  Configuration configuration_;
  std::unique_ptr<Vault> vault_;
};

TEST_F(ObjectStoreTest, WhatLayThereBeforeIsCopiedAndLocked) {
  const std::string pack(10'000, 'p');
  const FileId parity{FileType::parity, id_of(FileType::data, pack).name};
  std::vector<FileId> older = {put(FileType::config, "c"), put(FileType::key, "k"),
                               put(FileType::data, pack), put(FileType::index, "i"),
                               put(FileType::snapshot, "s")};
  ASSERT_EQ(ask(Method::post, "/imo/parity/" + parity.name,
                as_text(repository::make_parity(repository::PackId::from_hex(parity.name).value(),
                                                as_bytes(pack), 10))),
            200);
  older.push_back(parity);
  clock_.advance(24h * 100);
  start();
  const FileId lock = put(FileType::lock, "l");
  put(FileType::data, "newer");
  EXPECT_FALSE(vault_->oversight().copies()->complete_as_of);
  const CopyTotals totals = round();
  EXPECT_EQ(totals.copied, older.size());
  EXPECT_EQ(totals.looked_at, older.size() + 1);
  EXPECT_EQ(totals.failed, 0u);
  EXPECT_EQ(totals.complete_as_of, clock_.now());
  for (const FileId& id : older) {
    const auto newest = store_of("imo").newest(id);
    ASSERT_TRUE(newest) << storage::describe(id);
    EXPECT_EQ(newest->locked_until, clock_.now() + kLock);
    EXPECT_EQ(store_of("imo").remove(id, newest->version).error().kind(), ErrorKind::denied);
  }
  EXPECT_FALSE(store_of("imo").newest(lock));
  EXPECT_TRUE(alarms().empty());
  EXPECT_EQ(round().looked_at, totals.looked_at) << "the next round is not due";
}

TEST_F(ObjectStoreTest, ARoundGoesOnWhereItWasAfterAStop) {
  create("zoo");
  put(FileType::config, "c");
  put(FileType::data, "one");
  put(FileType::data, "two", "zoo");
  start();
  store_of("zoo").fail_with(ErrorKind::unavailable);
  CopyTotals totals = round();
  EXPECT_EQ(totals.copied, 2u);
  EXPECT_THAT(totals.problem, HasSubstr("the object store"));
  EXPECT_FALSE(totals.complete_as_of);
  start();
  store_of("zoo").fail_with({});
  totals = round();
  EXPECT_EQ(totals.looked_at, 1u) << "imo was done before the stop";
  EXPECT_EQ(totals.copied, 1u);
  EXPECT_EQ(totals.problem, "");
  EXPECT_TRUE(totals.complete_as_of);
  start();
  EXPECT_TRUE(vault_->oversight().copies()->complete_as_of) << "known after a start, too";
}

TEST_F(ObjectStoreTest, AnUploadIsNotAcknowledgedWhileTheStoreDoesNotAnswer) {
  start();
  store_of("imo").fail_with(ErrorKind::unavailable);
  const FileId id = id_of(FileType::data, "pack");
  EXPECT_EQ(ask(Method::post, "/imo/" + storage::describe(id), "pack"), 503);
  EXPECT_EQ(ask(Method::head, "/imo/" + storage::describe(id)), 404);
  store_of("imo").fail_with({});
  put(FileType::data, "pack");
}

TEST_F(ObjectStoreTest, LocksAreMovedBeforeTheyEndAsLongAsTheFolderHasTheFile) {
  start();
  const FileId kept = put(FileType::data, "kept");
  put(FileType::snapshot, "s");
  const FileId deleted = put(FileType::index, "deleted");
  round();
  clock_.advance(kLock / 2 + 1h);
  EXPECT_EQ(round().extended, 3u);
  EXPECT_EQ(store_of("imo").newest(kept)->locked_until, clock_.now() + kLock);
  const WallTime last = store_of("imo").newest(deleted)->locked_until.value();
  clock_.advance(kLock / 2 + 1h);
  ASSERT_EQ(ask(Method::del, "/imo/" + storage::describe(id_of(FileType::snapshot, "s"))), 200);
  ASSERT_EQ(ask(Method::del, "/imo/" + storage::describe(deleted)), 200);
  round();
  EXPECT_EQ(store_of("imo").newest(kept)->locked_until, clock_.now() + kLock);
  EXPECT_EQ(store_of("imo").newest(deleted)->locked_until, last);
  EXPECT_EQ(store_of("imo").versions_of(kept)->size(), 1u) << "no second copy was made";
}

TEST_F(ObjectStoreTest, WhatIsHiddenOrCoveredInTheStoreIsPutThereAgainWithAnAlarm) {
  start();
  const FileId hidden = put(FileType::data, "hidden");
  const FileId covered = put(FileType::index, "covered");
  round();
  store_of("imo").hide(hidden);
  store_of("imo").cover(covered, as_bytes("garbage of another length"));
  clock_.advance(24h);
  EXPECT_EQ(round().copied, 2u);
  ASSERT_EQ(alarms().size(), 2u) << "one for each folder";
  EXPECT_EQ(alarms()[0].kind, AlarmKind::object_store);
  for (const FileId& id : {hidden, covered}) {
    const auto versions = store_of("imo").versions_of(id).value();
    EXPECT_EQ(store_of("imo").newest(id)->md5, versions.front().md5);
    // What the thief cannot take away is kept for as long as what was put over it.
    clock_.advance(1s);
    EXPECT_FALSE(store_of("imo").remove(id, versions.front().version));
  }
}

TEST_F(ObjectStoreTest, BytesOfTheSameLengthOverACopyAreFoundWhenItsLockIsDue) {
  start();
  const FileId id = put(FileType::data, "pack one");
  round();
  store_of("imo").cover(id, as_bytes("pack 0ne"));
  clock_.advance(24h);
  EXPECT_EQ(round().copied, 1u) << "it bears no lock";
  EXPECT_EQ(store_of("imo").newest(id)->md5, storage::md5_of(as_bytes("pack one")));
}

TEST_F(ObjectStoreTest, DamagedFilesAreNotCopied) {
  const FileId id = put(FileType::data, "pack one");
  damage(id, "pack 0ne");
  start();
  const CopyTotals totals = round();
  EXPECT_EQ(totals.failed, 1u);
  EXPECT_FALSE(totals.complete_as_of);
  EXPECT_TRUE(store_of("imo").versions_of(id)->empty());
}

TEST_F(ObjectStoreTest, TheConfigThatCameFirstStays) {
  start();
  const FileId config = put(FileType::config, "first");
  round();
  damage(config, "other");
  clock_.advance(24h);
  EXPECT_EQ(round().failed, 1u);
  EXPECT_EQ(store_of("imo").versions_of(config)->size(), 1u);
}

TEST_F(ObjectStoreTest, TheScrubMendsADamagedFileFromTheStore) {
  start();
  const FileId index = put(FileType::index, "index one");
  const FileId pack = put(FileType::data, "pack one");
  store_of("imo").cover(pack, as_bytes("a thief's bytes"));
  damage(index, "index 0ne");
  damage(pack, "");
  scrub_all();
  EXPECT_EQ(content_of(index), "index one");
  EXPECT_EQ(content_of(pack), "pack one");
  EXPECT_EQ(vault_->oversight().scrubbed().mended, 2u);
  ASSERT_EQ(alarms().size(), 2u);
  EXPECT_THAT(alarms()[0].text, HasSubstr("brought back from the object store"));
}

TEST_F(ObjectStoreTest, WhatIsGoneFromTheFolderComesBackAndWhatWasDeletedByRightDoesNot) {
  start();
  const FileId gone = put(FileType::data, "gone");
  const FileId deleted = put(FileType::data, "deleted");
  clock_.advance(24h * 31);
  ASSERT_EQ(ask(Method::del, "/imo/" + storage::describe(deleted)), 200);
  std::filesystem::remove(path_of(gone));
  const CopyTotals totals = round();
  EXPECT_EQ(totals.brought_back, 1u);
  EXPECT_EQ(totals.failed, 0u);
  EXPECT_EQ(content_of(gone), "gone");
  EXPECT_EQ(ask(Method::head, "/imo/" + storage::describe(gone)), 200);
  EXPECT_EQ(ask(Method::head, "/imo/" + storage::describe(deleted)), 404);
  ASSERT_EQ(alarms().size(), 1u);
  EXPECT_EQ(alarms()[0].kind, AlarmKind::damaged_file);
}

TEST_F(ObjectStoreTest, AWholeFolderIsRebuiltFromTheStore) {
  start();
  const std::vector<FileId> files = {put(FileType::config, "c"), put(FileType::key, "k"),
                                     put(FileType::data, "p1"),  put(FileType::data, "p2"),
                                     put(FileType::index, "i"),  put(FileType::snapshot, "s")};
  for (const FileId& id : files) {
    store_of("imo").cover(id, as_bytes("garbage"));
    store_of("imo").hide(id);
  }
  clock_.advance(24h * 20);
  const WallTime attack = clock_.now();
  const FileId foreign = id_of(FileType::key, "a thief's key");
  store_of("imo").cover(foreign, as_bytes("a thief's key"));
  vault_.reset();
  std::filesystem::remove_all(configuration_.data);
  start();
  EXPECT_EQ(ask(Method::get, "/imo/data/"), 404);
  EXPECT_EQ(vault_->oversight().rebuild("no-such", {}).error().kind(), ErrorKind::not_found);
  EXPECT_FALSE(vault_->oversight().rebuild("../imo", {}));
  const auto report = vault_->oversight().rebuild("imo", attack);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->brought_back, files.size());
  EXPECT_EQ(report->left_out, 1u) << "the thief's key came later";
  EXPECT_EQ(report->lost, 0u);
  for (const FileId& id : files) {
    EXPECT_EQ(ask(Method::head, "/imo/" + storage::describe(id)), 200);
  }
  EXPECT_EQ(content_of(files[0]), "c");
  EXPECT_EQ(content_of(files[2]), "p1");
  EXPECT_FALSE(std::filesystem::exists(path_of(foreign)));
  // The receipts are lost with the folder: retention counts anew.
  const std::string snapshot = "/imo/" + storage::describe(files[5]);
  clock_.advance(24h * 30 - 1s);
  EXPECT_EQ(ask(Method::del, snapshot), 403);
  clock_.advance(2s);
  EXPECT_EQ(ask(Method::del, snapshot), 200);
  EXPECT_EQ(vault_->oversight().rebuild("imo", attack)->left_out, 2u) << "deleted by right since";
  EXPECT_EQ(ask(Method::head, snapshot), 404);
}

TEST_F(ObjectStoreTest, ARebuildSaysWhatCannotBeBroughtBackAndGoesOnWhereItWas) {
  start();
  const FileId pack = put(FileType::data, "pack");
  put(FileType::config, "c");
  const FileId lost = put(FileType::index, "lost");
  clock_.advance(kLock + 1s);
  ASSERT_TRUE(store_of("imo").remove(lost, store_of("imo").newest(lost)->version));
  store_of("imo").cover(lost, as_bytes("garbage"));
  std::filesystem::remove(path_of(lost));
  damage(pack, "pAck");
  const auto report = vault_->oversight().rebuild("imo", {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->lost, 1u);
  EXPECT_EQ(report->there, 1u);
  EXPECT_EQ(report->brought_back, 1u);
  EXPECT_EQ(content_of(pack), "pack");
  EXPECT_EQ(vault_->oversight().rebuild("imo", {})->there, 2u);
}

TEST_F(ObjectStoreTest, ARebuildTakesNoMoreKeysThanTheVaultDoes) {
  start();
  put(FileType::config, "c");
  const FileId own = put(FileType::key, "own");
  clock_.advance(1s);
  for (int i = 0; i < 100; ++i) {
    const std::string key = "key " + std::to_string(i);
    store_of("imo").cover(id_of(FileType::key, key), as_bytes(key));
  }
  vault_.reset();
  std::filesystem::remove_all(configuration_.data);
  start();
  const auto report = vault_->oversight().rebuild("imo", {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->left_out, 101 - configuration_.policy.limits.keys_max);
  EXPECT_EQ(content_of(own), "own") << "the oldest come first";
}

TEST_F(ObjectStoreTest, TheStatusPageAndTheMetricsSayHowFarTheCopiesAre) {
  put(FileType::data, "pack");
  start();
  http::MemoryBody none;
  http::Request request{.path = "/.vault/status", .body = &none};
  EXPECT_THAT(vault_->handle_local(request).body, HasSubstr("not all that lies here is in it yet"));
  round();
  EXPECT_THAT(vault_->handle_local(request).body,
              HasSubstr("all that lay here at 2020-09-13T12:26:40Z is in it, locked"));
  EXPECT_THAT(vault_->handle_local(request).body, HasSubstr("1 older files copied"));
  request.path = "/metrics";
  EXPECT_THAT(vault_->handle_local(request).body,
              HasSubstr("bulkhead_vault_object_store_copied_files_total 1\n"));
  store_of("imo").fail_with(ErrorKind::unavailable);
  clock_.advance(24h);
  round();
  EXPECT_THAT(vault_->handle_local(request).body,
              HasSubstr("bulkhead_vault_object_store_answers 0\n"));
}

TEST_F(ObjectStoreTest, TwoProgramsDoNotOpenOneFolder) {
  Vault other(configuration_, clock_);
  const auto refused = other.start();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  vault_.reset();
  EXPECT_TRUE(other.start());
}

}  // namespace
}  // namespace bulkhead::vault
