// With a read key, through the vault: repositories that our own library writes, and what an
// attacker who holds the master key could add to them.
#include "vault/inspector.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/sha256.h"
#include "repository/backup.h"
#include "repository/pack.h"
#include "vault/repositories.h"
#include "vault/repository_files.h"

namespace bulkhead::vault {
namespace {

using namespace std::chrono_literals;
using storage::FileId;
using storage::FileType;

constexpr std::string_view kPassword = "the repository's own password";

// A repository of two snapshots in a store of the vault, written through a local backend.
class InspectorTest : public testing::Test {
 protected:
  InspectorTest() : folder_(TemporaryDirectory::create("inspector").value()) {
    EXPECT_TRUE(write_file_atomic(password(), as_bytes(kPassword), 0600));
    auto backend = storage::open_backend("local:" + at().native(), {}).value();
    repository_ =
        std::move(repository::Repository::init(std::move(backend), kPassword,
                                               {.scrypt_n = 1024, .hostname = "", .username = ""},
                                               {.clock = &clock_, .random = &random_})
                      .value());
    first_ = backup("one");
    second_ = backup("two");
    inspector_ = std::move(Inspector::open(at(), password()).value());
  }
  Path at() const { return folder_.path() / "imo"; }
  Path password() const { return folder_.path() / "password"; }
  std::vector<std::string> names(FileType type) {
    std::vector<std::string> all;
    const auto files = repository_->backend().list(type);
    for (const auto& file : *files) all.push_back(file.name);
    return all;
  }
  std::string backup(const std::string& content) {
    const Path tree = folder_.path() / "tree";
    EXPECT_TRUE(make_directories(tree));
    EXPECT_TRUE(write_file_atomic(tree / content, as_bytes("the content of " + content)));
    const auto before = names(FileType::snapshot);
    EXPECT_TRUE(repository::backup(*repository_, {.paths = {tree.native()}}));
    for (const std::string& name : names(FileType::snapshot)) {
      if (std::find(before.begin(), before.end(), name) == before.end()) return name;
    }
    return "";
  }
  Path path(const FileId& id) const {
    const Path folder = at() / storage::folder_of(id.type);
    return id.type == FileType::data ? folder / id.name.substr(0, 2) / id.name : folder / id.name;
  }

  SystemClock clock_;
  SystemRandom random_;
  TemporaryDirectory folder_;
  std::unique_ptr<repository::Repository> repository_;
  std::unique_ptr<Inspector> inspector_;
  std::string first_, second_;
};

TEST_F(InspectorTest, WhatBackupsWriteAgrees) {
  for (const std::string& name : names(FileType::index)) {
    const auto problem = inspector_->check_index(name);
    ASSERT_TRUE(problem) << problem.error().message();
    EXPECT_FALSE(*problem) << **problem;
  }
  for (const std::string& name : {first_, second_}) {
    EXPECT_FALSE(*inspector_->check_snapshot(name, clock_.now()));
  }
}

TEST_F(InspectorTest, AnIndexThatMapsABlobElsewhereIsFound) {
  const auto text = repository_->load_file({FileType::index, names(FileType::index).front()});
  auto packs = repository::decode_index(as_text(*text)).value();
  const std::string missing(64, 'a');
  std::vector<std::vector<repository::IndexedPack>> lies(4, packs);
  lies[0].front().blobs.front().id = repository::BlobId::of(as_bytes("another blob"));
  lies[1].front().blobs.pop_back();
  lies[2].front().id = repository::PackId::from_hex(missing).value();
  lies[3].front().blobs.front().sealed_size += 1;
  for (const auto& lie : lies) {
    const auto name = repository_->save_file(FileType::index, repository::encode_index(lie));
    ASSERT_TRUE(name);
    const auto problem = inspector_->check_index(*name);
    ASSERT_TRUE(problem);
    EXPECT_TRUE(*problem);
  }
}

TEST_F(InspectorTest, APackThatDoesNotHoldWhatItsHeaderSaysIsFound) {
  // Header and index agree; the blob under the good id is garbage.
  repository::PackBuilder builder(storage::UnnamedFile::in_memory().value());
  const Bytes garbage = repository_->key().seal(as_bytes("garbage"), random_);
  const auto added =
      builder.add({repository::BlobType::data, repository::BlobId::of(as_bytes("good")), 0,
                   static_cast<std::uint32_t>(garbage.size()), 0},
                  garbage);
  ASSERT_TRUE(added);
  const auto pack =
      repository::PackBuilder::finish(std::move(builder), repository_->key(), random_).value();
  ASSERT_TRUE(repository_->backend().save_file({FileType::data, pack.id.to_hex()}, pack.file));
  const auto name =
      repository_->save_file(FileType::index, repository::encode_index({{pack.id, pack.blobs}}));
  ASSERT_TRUE(name);
  EXPECT_TRUE(*inspector_->check_index(*name));
}

TEST_F(InspectorTest, ASnapshotOfAnotherTimeThanItsReceiptIsMarked) {
  EXPECT_TRUE(*inspector_->check_snapshot(first_, clock_.now() + 24h * 30));
  EXPECT_TRUE(*inspector_->check_snapshot(first_, clock_.now() - 1h));
  EXPECT_FALSE(*inspector_->check_snapshot(first_, clock_.now() + 24h));
}

TEST_F(InspectorTest, WhatSnapshotsReachIsNeededAndNothingElse) {
  for (const std::string& name : names(FileType::data)) {
    EXPECT_TRUE(inspector_->needs({FileType::data, name}).value()) << name;
  }
  std::filesystem::remove(path({FileType::snapshot, first_}));
  std::filesystem::remove(path({FileType::snapshot, second_}));
  for (const std::string& name : names(FileType::data)) {
    EXPECT_FALSE(inspector_->needs({FileType::data, name}).value()) << name;
  }
}

TEST_F(InspectorTest, AnIndexThatAnotherOneRepeatsIsNotNeededUnlessTheOtherLies) {
  const auto indexes = names(FileType::index);
  std::vector<repository::IndexedPack> all;
  for (const std::string& name : indexes) {
    EXPECT_TRUE(inspector_->needs({FileType::index, name}).value());
    const auto text = repository_->load_file({FileType::index, name});
    auto packs = repository::decode_index(as_text(*text));
    for (auto& pack : *packs) all.push_back(pack);
  }
  auto lie = all;
  for (auto& pack : lie) pack.id = repository::PackId::of(as_bytes("no pack"));
  ASSERT_TRUE(repository_->save_file(FileType::index, repository::encode_index(lie)));
  EXPECT_TRUE(inspector_->needs({FileType::index, indexes.front()}).value());
  ASSERT_TRUE(repository_->save_file(FileType::index, repository::encode_index(all)));
  EXPECT_FALSE(inspector_->needs({FileType::index, indexes.front()}).value());
}

TEST_F(InspectorTest, APackThatOnlyALyingIndexNamesIsNeededAllTheSame) {
  // The trees stay found; what the files hold is named by an index that lies about another pack.
  for (const std::string& name : names(FileType::index)) {
    const auto text = repository_->load_file({FileType::index, name});
    auto packs = repository::decode_index(as_text(*text)).value();
    std::vector<repository::IndexedPack> trees, lie;
    for (auto& pack : packs) {
      const bool is_tree = pack.blobs.front().type == repository::BlobType::tree;
      (is_tree ? trees : lie).push_back(pack);
    }
    lie.push_back({repository::PackId::of(as_bytes("no pack")), lie.front().blobs});
    ASSERT_TRUE(repository_->save_file(FileType::index, repository::encode_index(trees)));
    ASSERT_TRUE(repository_->save_file(FileType::index, repository::encode_index(lie)));
    std::filesystem::remove(path({FileType::index, name}));
  }
  for (const std::string& name : names(FileType::data)) {
    EXPECT_TRUE(inspector_->needs({FileType::data, name}).value()) << name;
  }
  // What is no pack at all is nobody's.
  const std::string junk = to_hex(crypto::sha256(as_bytes("junk")));
  ASSERT_TRUE(repository_->backend().save({FileType::data, junk}, as_bytes("junk")));
  EXPECT_FALSE(inspector_->needs({FileType::data, junk}).value());
}

TEST_F(InspectorTest, AWrongPasswordOpensNothing) {
  ASSERT_TRUE(write_file_atomic(password(), as_bytes("another password"), 0600));
  EXPECT_FALSE(Inspector::open(at(), password()));
}

}  // namespace
}  // namespace bulkhead::vault
