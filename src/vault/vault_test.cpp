#include "vault/vault.h"

#include <gtest/gtest.h>

#include "crypto/sha256.h"
#include "repository/parity.h"

namespace bulkhead::vault {
namespace {

using http::Method;
using http::Response;
using storage::FileType;

constexpr std::string_view kPassword = "a-password-of-the-test";

std::string name_of(std::string_view content) { return to_hex(crypto::sha256(as_bytes(content))); }

TEST(RequestPath, ReadsWhatTheProtocolHas) {
  const std::string name(64, 'a');
  const auto file = parse_request_path("/imo/website/data/" + name);
  ASSERT_TRUE(file);
  EXPECT_EQ(file->repository, "imo/website");
  EXPECT_EQ(file->type, FileType::data);
  EXPECT_EQ(file->name, name);
  EXPECT_EQ(parse_request_path("/imo/config")->type, FileType::config);
  EXPECT_EQ(parse_request_path("/imo/locks/")->type, FileType::lock);
  EXPECT_FALSE(parse_request_path("/imo/")->type);
}

TEST(RequestPath, RefusesWhatItDoesNotHave) {
  const std::string name(64, 'a');
  for (const std::string& path :
       {std::string("/"), std::string(""), std::string("/a/b/c/"), "/imo/other/x/" + name,
        "/imo/data/" + name + "/", "/imo/data/" + name.substr(1), "/imo/data/" + name + "0",
        std::string("/imo/config/x"), std::string("/data/"), std::string("/.hidden/"),
        std::string("/imo/../x/"), std::string("/imo%/")}) {
    EXPECT_FALSE(parse_request_path(path)) << path;
  }
}

class VaultTest : public testing::Test {
 protected:
  VaultTest() : folder_(TemporaryDirectory::create("vault").value()) {
    configuration_.data = folder_.path() / "data";
    configuration_.credentials.file = folder_.path() / "credentials.toml";
    EXPECT_TRUE(add_credential(configuration_.credentials.file, {.repository = "imo"}, kPassword,
                               Replace::no, clock_));
    start();
    EXPECT_EQ(ask(Method::post, "/imo/", "", "create", "true").status, 200);
  }
  void start() {
    vault_ = std::make_unique<Vault>(configuration_, clock_);
    EXPECT_TRUE(vault_->start());
  }
  Response ask(Method method, std::string path, std::string_view body = "",
               std::string parameter = "", std::string value = "") {
    http::MemoryBody content(to_bytes(body));
    return send(method, std::move(path), content, std::move(parameter), std::move(value));
  }
  Response send(Method method, std::string path, http::BodyReader& body, std::string parameter = "",
                std::string value = "") {
    http::Request request{.method = method, .path = std::move(path), .body = &body};
    request.client_address = "192.0.2.1";
    if (!parameter.empty()) request.query.add(std::move(parameter), std::move(value));
    request.headers.add("Authorization",
                        "Basic " + to_base64(to_bytes(user_ + ":" + std::string(kPassword))));
    return vault_->handle(request);
  }
  Response put(std::string_view folder, std::string_view content) {
    return ask(Method::post, "/imo/" + std::string(folder) + "/" + name_of(content), content);
  }
  Path file(std::string_view relative) const { return configuration_.data / "imo" / relative; }

  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  TemporaryDirectory folder_;
  Configuration configuration_;
  std::unique_ptr<Vault> vault_;
  std::string user_ = "imo";
};

TEST_F(VaultTest, KeepsBytesOnlyUnderTheirHash) {
  EXPECT_EQ(put("snapshots", "one").status, 200);
  EXPECT_EQ(ask(Method::post, "/imo/snapshots/" + name_of("one"), "two").status, 400);
  EXPECT_EQ(ask(Method::post, "/imo/data/" + name_of("x"), "y").status, 400);
  EXPECT_EQ(ask(Method::head, "/imo/data/" + name_of("x")).status, 404);
}

TEST_F(VaultTest, TakesTheSameBytesAgainButNoOtherConfig) {
  EXPECT_EQ(ask(Method::post, "/imo/config", "c").status, 200);
  EXPECT_EQ(ask(Method::post, "/imo/config", "c").status, 200);
  EXPECT_EQ(ask(Method::post, "/imo/config", "d").status, 403);
  EXPECT_EQ(put("index", "i").status, 200);
  EXPECT_EQ(put("index", "i").status, 200);
  EXPECT_EQ(read_receipts(file("receipts.jsonl"))->size(), 2u);
}

TEST_F(VaultTest, TakesParityOfItsPackAndNoOther) {
  const std::string pack(10'000, 'p');
  const auto id = repository::PackId::from_hex(name_of(pack)).value();
  const auto parity_of = [&](double percent) {
    return std::string(as_text(repository::make_parity(id, as_bytes(pack), percent)));
  };
  const std::string path = "/imo/parity/" + name_of(pack);
  EXPECT_EQ(ask(Method::post, path, "no parity").status, 400);
  EXPECT_EQ(ask(Method::post, "/imo/parity/" + name_of("other"), parity_of(10)).status, 400);
  EXPECT_EQ(ask(Method::head, path).status, 404);
  EXPECT_EQ(ask(Method::post, path, parity_of(10)).status, 200);
  EXPECT_EQ(ask(Method::post, path, parity_of(10)).status, 200);
  EXPECT_EQ(ask(Method::post, path, parity_of(150)).status, 403) << "it is there, with other bytes";
  EXPECT_EQ(ask(Method::get, "/imo/parity/").body, "[\"" + name_of(pack) + "\"]");
  // Damaged on the disk, it is mended by what is whole.
  std::filesystem::permissions(file("parity/" + name_of(pack)), std::filesystem::perms::owner_all);
  ASSERT_TRUE(write_file_atomic(file("parity/" + name_of(pack)), as_bytes("decay")));
  EXPECT_EQ(ask(Method::post, path, parity_of(150)).status, 200);
}

TEST_F(VaultTest, DeletesLocksAndNothingElse) {
  for (const char* folder : {"keys", "snapshots", "index", "data", "locks"}) {
    ASSERT_EQ(put(folder, "x").status, 200) << folder;
    const Response removed = ask(Method::del, "/imo/" + std::string(folder) + "/" + name_of("x"));
    EXPECT_EQ(removed.status, folder == std::string("locks") ? 200 : 403) << folder;
  }
  EXPECT_EQ(ask(Method::del, "/imo/").status, 403);
}

TEST_F(VaultTest, FreezesKeysAtTheFirstSnapshotAndCountsThemBefore) {
  for (std::size_t i = 0; i < configuration_.policy.limits.keys_max; ++i) {
    EXPECT_EQ(put("keys", "key " + std::to_string(i)).status, 200);
  }
  EXPECT_EQ(put("keys", "one too many").status, 403);
  EXPECT_EQ(put("snapshots", "s").status, 200);
  EXPECT_EQ(put("keys", "later").status, 403);
  EXPECT_EQ(put("keys", "key 0").status, 200);
}

TEST_F(VaultTest, AFloodOfKeysLeavesNothing) {
  const auto files_in_all = [&] {
    std::size_t count = 0;
    for (const auto& one : std::filesystem::recursive_directory_iterator(file(""))) {
      if (one.is_regular_file() && one.file_size() > 0) ++count;
    }
    return count;
  };
  for (std::size_t i = 0; i < configuration_.policy.limits.keys_max; ++i) {
    ASSERT_EQ(put("keys", "key " + std::to_string(i)).status, 200);
  }
  const std::size_t before = files_in_all();
  const auto receipts = read_receipts(file("receipts.jsonl"))->size();
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_EQ(put("keys", "junk " + std::to_string(i)).status, 403);
  }
  EXPECT_EQ(put("snapshots", "s").status, 200);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_EQ(put("keys", "more junk " + std::to_string(i)).status, 403);
  }
  EXPECT_EQ(files_in_all(), before + 1);
  EXPECT_EQ(read_receipts(file("receipts.jsonl"))->size(), receipts + 1);
}

TEST_F(VaultTest, RefusesPastTheQuotaAndKeepsServing) {
  configuration_.policy.limits.repository_size_max = 100;
  start();
  EXPECT_EQ(put("data", std::string(60, 'a')).status, 200);
  EXPECT_EQ(put("data", std::string(60, 'b')).status, 507);
  EXPECT_EQ(put("data", std::string(40, 'c')).status, 200);
  start();
  EXPECT_EQ(put("data", "d").status, 507);
}

TEST_F(VaultTest, RefusesPastTheQuotaOnObjectsOfOneRepository) {
  RepositoryPolicy policy;
  policy.limits.repository_objects_max = 2;
  configuration_.repositories.emplace("imo", policy);
  start();
  EXPECT_EQ(put("data", "a").status, 200);
  EXPECT_EQ(ask(Method::post, "/imo/data/" + name_of("b"), "x").status, 400);
  EXPECT_EQ(put("data", "b").status, 200);
  EXPECT_EQ(put("data", "c").status, 507);
  EXPECT_EQ(put("data", "a").status, 200);
}

TEST_F(VaultTest, UploadsAtTheSameTimeDoNotPassALimitTogether) {
  configuration_.policy.limits.repository_size_max = 100;
  configuration_.policy.limits.keys_max = 1;
  start();
  // While the first is arriving, the second must find the room taken.
  struct Meanwhile final : http::BodyReader {
    std::string_view left;
    std::function<void()> before;
    Result<std::size_t> read(MutableByteView out) override {
      if (before) std::exchange(before, nullptr)();
      const std::size_t count = std::min(out.size(), left.size());
      std::copy_n(left.begin(), count, out.begin());
      left.remove_prefix(count);
      return count;
    }
    std::optional<std::uint64_t> announced_length() const override { return left.size(); }
  };
  const std::string large(60, 'a');
  for (const char* folder : {"data", "keys"}) {
    Meanwhile body;
    body.left = folder == std::string("data") ? std::string_view(large) : "key one";
    int second = 0;
    body.before = [&] {
      second = put(folder, folder == std::string("data") ? std::string(60, 'b') : "key two").status;
    };
    const std::string name = name_of(body.left);
    EXPECT_EQ(send(Method::post, "/imo/" + std::string(folder) + "/" + name, body).status, 200);
    EXPECT_EQ(second, folder == std::string("data") ? 507 : 403);
  }
}

TEST_F(VaultTest, AKeyThatBeganToArriveBeforeTheFirstSnapshotIsRefusedAfterIt) {
  struct Late final : http::BodyReader {
    std::function<void()> before;
    bool sent = false;
    Result<std::size_t> read(MutableByteView out) override {
      before();
      if (std::exchange(sent, true)) return std::size_t{0};
      out[0] = 'k';
      return std::size_t{1};
    }
    std::optional<std::uint64_t> announced_length() const override { return 1; }
  };
  Late body;
  body.before = [&] { EXPECT_EQ(put("snapshots", "s").status, 200); };
  EXPECT_EQ(send(Method::post, "/imo/keys/" + name_of("k"), body).status, 403);
  EXPECT_EQ(ask(Method::head, "/imo/keys/" + name_of("k")).status, 404);
}

TEST_F(VaultTest, AFullDiskIsToldAsSuchAndTheSameBytesAreStillConfirmed) {
  EXPECT_EQ(put("data", "here").status, 200);
  configuration_.policy.limits.free_space_min = std::uint64_t{1} << 60;
  start();
  EXPECT_EQ(put("data", "more").status, 507);
  EXPECT_EQ(put("data", "here").status, 200);
}

TEST_F(VaultTest, RefusesAKeyLockOrConfigThatIsTooLarge) {
  for (const char* folder : {"keys", "locks"}) {
    EXPECT_EQ(put(folder, std::string(65 * 1024, 'k')).status, 403);
  }
}

TEST_F(VaultTest, ReceiptsBearTheVaultsTimeAndTheClientsAddress) {
  EXPECT_EQ(put("snapshots", "s").status, 200);
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(put("data", "pack").status, 200);
  const auto receipts = read_receipts(file("receipts.jsonl"));
  ASSERT_TRUE(receipts);
  ASSERT_EQ(receipts->size(), 2u);
  EXPECT_EQ((*receipts)[0].file, "snapshots/" + name_of("s"));
  EXPECT_EQ((*receipts)[1].size, 4u);
  EXPECT_EQ((*receipts)[1].client, "192.0.2.1");
  EXPECT_EQ((*receipts)[1].received - (*receipts)[0].received, std::chrono::hours(1));
}

TEST_F(VaultTest, AReceiptThatACrashCutShortHarmsNoOther) {
  EXPECT_EQ(put("data", "one").status, 200);
  {
    const auto log = open_file(file("receipts.jsonl"), O_WRONLY | O_APPEND);
    ASSERT_TRUE(log);
    ASSERT_TRUE(write_all(log->get(), as_bytes("{\"received\":\"20")));
  }
  start();
  EXPECT_EQ(put("data", "two").status, 200);
  const auto receipts = read_receipts(file("receipts.jsonl"));
  ASSERT_EQ(receipts->size(), 2u);
  EXPECT_EQ(receipts->back().file, "data/" + name_of("two"));
}

TEST_F(VaultTest, RemovesUnfinishedUploadsWhenItStarts) {
  ASSERT_TRUE(write_file_atomic(file("incoming") / "left", as_bytes("half")));
  start();
  EXPECT_EQ(ask(Method::get, "/imo/data/").status, 200);
  EXPECT_FALSE(std::filesystem::exists(file("incoming") / "left"));
}

TEST_F(VaultTest, PutsWhatItAcknowledgedInItsPlaceWhenItStarts) {
  EXPECT_EQ(put("index", "acknowledged").status, 200);
  const Path place = file("index") / name_of("acknowledged");
  // As after a power cut that its renaming did not survive.
  std::filesystem::rename(place, file("incoming") / "0123");
  // This one has its place; it was being sent again.
  EXPECT_EQ(put("index", "twice").status, 200);
  std::filesystem::copy(file("index") / name_of("twice"), file("incoming") / "4567");
  start();
  EXPECT_EQ(ask(Method::get, "/imo/index/" + name_of("acknowledged")).status, 200);
  EXPECT_EQ(ask(Method::get, "/imo/index/" + name_of("twice")).status, 200);
  EXPECT_TRUE(std::filesystem::is_empty(file("incoming")));
}

TEST_F(VaultTest, MendsADamagedFileThatComesAgain) {
  EXPECT_EQ(put("index", "whole").status, 200);
  const Path stored = file("index") / name_of("whole");
  std::filesystem::permissions(stored, std::filesystem::perms::owner_all);
  ASSERT_TRUE(write_file_atomic(stored, as_bytes("whxle")));
  EXPECT_EQ(put("index", "whole").status, 200);
  EXPECT_EQ(read_text_file(stored, 100).value(), "whole");
}

TEST_F(VaultTest, ListsInBothVersionsWithTheExactType) {
  EXPECT_EQ(put("index", "i").status, 200);
  const Response version_1 = ask(Method::get, "/imo/index/");
  EXPECT_EQ(version_1.headers.find("content-type"), "application/vnd.x.restic.rest.v1");
  EXPECT_EQ(version_1.body, "[\"" + name_of("i") + "\"]");
}

TEST_F(VaultTest, KnowsNobodyWithoutTheRightPassword) {
  for (const std::string& authorization :
       {std::string(), std::string("Basic "), std::string("Basic !!"), std::string("Bearer x"),
        "Basic " + to_base64(to_bytes("imo")), "Basic " + to_base64(to_bytes("imo:wrong")),
        "Basic " + to_base64(to_bytes("other:" + std::string(kPassword)))}) {
    for (const Method method : {Method::get, Method::head, Method::post, Method::del}) {
      http::MemoryBody body(to_bytes("pack"));
      http::Request request{.method = method, .path = "/imo/data/" + name_of("pack")};
      request.body = &body;
      if (!authorization.empty()) request.headers.add("Authorization", authorization);
      const Response response = vault_->handle(request);
      EXPECT_EQ(response.status, 401) << authorization;
      EXPECT_TRUE(response.headers.find("www-authenticate"));
    }
  }
  EXPECT_EQ(ask(Method::get, "/imo/data/").body, "[]");
}

TEST_F(VaultTest, ACredentialOpensNoOtherRepository) {
  EXPECT_EQ(put("data", "pack").status, 200);
  for (const char* other : {"other", "imo/website"}) {
    EXPECT_TRUE(add_credential(configuration_.credentials.file,
                               {.repository = other, .role = Role::administer}, kPassword,
                               Replace::no, clock_));
    user_ = other;
    EXPECT_EQ(ask(Method::get, "/imo/data/").status, 403);
    EXPECT_EQ(ask(Method::get, "/imo/data/" + name_of("pack")).status, 403);
    EXPECT_EQ(ask(Method::del, "/imo/data/" + name_of("pack")).status, 403);
    EXPECT_EQ(put("data", "more").status, 403);
    EXPECT_EQ(ask(Method::post, "/imo/", "", "create", "true").status, 403);
  }
  user_ = "imo";
  EXPECT_EQ(ask(Method::get, "/imo/website/data/").status, 403);
  EXPECT_EQ(ask(Method::get, "/imo/data/").body, "[\"" + name_of("pack") + "\"]");
}

TEST_F(VaultTest, AReplacedCredentialNoLongerOpens) {
  EXPECT_EQ(ask(Method::get, "/imo/index/").status, 200);
  EXPECT_FALSE(add_credential(configuration_.credentials.file, {.repository = "imo"},
                              "another-long-password", Replace::no, clock_));
  EXPECT_TRUE(add_credential(configuration_.credentials.file, {.repository = "imo"},
                             "another-long-password", Replace::yes, clock_));
  EXPECT_EQ(ask(Method::get, "/imo/index/").status, 401);
}

TEST_F(VaultTest, ABrokenCredentialsFileKeepsWhoHadAccess) {
  ASSERT_TRUE(write_file_atomic(configuration_.credentials.file, as_bytes("[[credential")));
  EXPECT_EQ(ask(Method::get, "/imo/index/").status, 200);
  EXPECT_FALSE(Vault(configuration_, clock_).start());
}

TEST_F(VaultTest, AReaderReadsAndChangesNothing) {
  EXPECT_EQ(put("data", "pack").status, 200);
  EXPECT_TRUE(add_credential(configuration_.credentials.file,
                             {.user = "auditor", .repository = "imo", .role = Role::read},
                             kPassword, Replace::no, clock_));
  user_ = "auditor";
  EXPECT_EQ(ask(Method::get, "/imo/data/").status, 200);
  EXPECT_EQ(ask(Method::get, "/imo/data/" + name_of("pack")).status, 200);
  EXPECT_EQ(put("locks", "lock").status, 403);
  EXPECT_EQ(put("data", "pack").status, 403);
  EXPECT_EQ(ask(Method::del, "/imo/locks/" + name_of("lock")).status, 403);
  EXPECT_EQ(ask(Method::post, "/imo/", "", "create", "true").status, 403);
}

TEST_F(VaultTest, PastTheRateAClientIsToldHowLongToWait) {
  RepositoryPolicy policy;
  policy.limits.rates.requests = 1;
  configuration_.repositories.emplace("imo", policy);
  start();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(ask(Method::get, "/imo/data/").status, 200);
  const Response refused = ask(Method::get, "/imo/data/");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.headers.find("Retry-After"), "1");
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(ask(Method::get, "/imo/data/").status, 200);
}

TEST_F(VaultTest, AsRestServerItServesTheFolderItselfToEverybody) {
  configuration_ = configuration_of({.path = folder_.path() / "flags", .no_auth = true}).value();
  configuration_.public_metrics = PublicMetrics::to_all;
  start();
  for (const std::string& repository : {std::string("/"), std::string("/a/b/")}) {
    EXPECT_EQ(ask(Method::head, repository + "config").status, 404);
    EXPECT_EQ(ask(Method::post, repository, "", "create", "true").status, 200);
    EXPECT_EQ(ask(Method::post, repository + "config", "c").status, 200);
    EXPECT_EQ(ask(Method::get, repository + "config").status, 200);
    EXPECT_EQ(ask(Method::post, repository + "data/" + name_of("x"), "x").status, 200);
    EXPECT_EQ(ask(Method::get, repository + "data/").status, 200);
  }
  EXPECT_EQ(ask(Method::get, "/metrics").status, 200);
}

TEST_F(VaultTest, TheSizeOfAllRepositoriesTogetherIsLimited) {
  configuration_ = configuration_of({.path = folder_.path() / "flags", .no_auth = true}).value();
  configuration_.size_max = 100;
  start();
  for (const char* repository : {"/a/", "/b/"}) {
    EXPECT_EQ(ask(Method::post, repository, "", "create", "true").status, 200);
  }
  const std::string content(60, 'x');
  EXPECT_EQ(ask(Method::post, "/a/data/" + name_of(content), content).status, 200);
  EXPECT_EQ(ask(Method::post, "/b/data/" + name_of(content), content).status, 507);
}

TEST_F(VaultTest, LocalSocketTellsReadinessAndCounts) {
  EXPECT_EQ(put("data", "12345").status, 200);
  http::Request request{.path = "/metrics"};
  const std::string text = vault_->handle_local(request).body;
  EXPECT_NE(
      text.find("rest_server_blob_write_bytes_total{repo=\"imo\",type=\"data\",user=\"imo\"} 5\n"),
      std::string::npos)
      << text;
  request.path = "/readyz";
  EXPECT_EQ(vault_->handle_local(request).status, 200);
}

TEST(VaultConfiguration, NamesTheMistake) {
  const auto folder = TemporaryDirectory::create("vault");
  ASSERT_TRUE(folder);
  const Path file = folder->path() / "vault.toml";
  const std::string good =
      "address = \"127.0.0.1\"\nport = 8000\ndata = \"data\"\ncertificate = \"v.crt\"\n"
      "key = \"/etc/v.key\"\ncredentials = \"c.toml\"\n";
  ASSERT_TRUE(write_file_atomic(file, as_bytes(good)));
  const auto configuration = read_configuration(file);
  ASSERT_TRUE(configuration) << configuration.error().message();
  EXPECT_EQ(configuration->data, folder->path() / "data");
  EXPECT_EQ(configuration->key, "/etc/v.key");
  ASSERT_TRUE(write_file_atomic(file, as_bytes(good + "kyes = \"open\"\n")));
  EXPECT_FALSE(read_configuration(file));
  ASSERT_TRUE(write_file_atomic(file, as_bytes(good + "keys = \"thawed\"\n")));
  const auto thawed = read_configuration(file);
  ASSERT_FALSE(thawed);
  EXPECT_NE(thawed.error().message().find("vault.toml:7: keys"), std::string::npos)
      << thawed.error().message();
}

}  // namespace
}  // namespace bulkhead::vault
