// The contract of storage/backend.h as a test suite. An implementation runs it so:
//
//   class LocalStorage : public BackendContract { … make_backend() … };
//   BULKHEAD_BACKEND_CONTRACT(LocalStorage)
//
// One test for each sentence of the contract.
#pragma once

#include <algorithm>
#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/sha256.h"
#include "storage/backend.h"

namespace bulkhead::storage {

class BackendContract : public testing::Test {
 protected:
  // A new, empty store, with create() not called yet. Called once a test.
  virtual std::unique_ptr<Backend> make_backend() = 0;
  // False for stores that refuse to delete (all but locks).
  virtual bool can_remove() const { return true; }
  // What may be stored as the parity of a pack; not every store takes anything.
  virtual Bytes parity_of(ByteView pack) const { return Bytes(pack.begin(), pack.begin() + 100); }

  void SetUp() override {
    backend_ = make_backend();
    ASSERT_NE(backend_, nullptr);
    const auto created = backend_->create();
    ASSERT_TRUE(created) << created.error().message();
  }

  static FileId id_of(FileType type, ByteView content) {
    return {type, to_hex(crypto::sha256(content))};
  }
  FileId save(FileType type, ByteView content) {
    const FileId id = id_of(type, content);
    const auto saved = backend_->save(id, content);
    EXPECT_TRUE(saved) << saved.error().message();
    return id;
  }
  std::vector<std::string> names(FileType type) {
    const auto files = backend_->list(type);
    EXPECT_TRUE(files) << files.error().message();
    std::vector<std::string> found;
    if (files) {
      for (const FileInfo& info : *files) found.push_back(info.name);
    }
    std::ranges::sort(found);
    return found;
  }

  std::unique_ptr<Backend> backend_;
};

inline constexpr FileType kNamedTypes[] = {FileType::key, FileType::lock, FileType::snapshot,
                                           FileType::index, FileType::data};

}  // namespace bulkhead::storage

// NOLINTBEGIN(bugprone-macro-parentheses)
#define BULKHEAD_BACKEND_CONTRACT(Suite)                                                        \
  TEST_F(Suite, LoadsWhatWasSaved) {                                                            \
    for (const FileType type : kNamedTypes) {                                                   \
      const Bytes content = SeededRandom(7).bytes(10'000);                                      \
      const FileId id = save(type, content);                                                    \
      const auto loaded = backend_->load(id);                                                   \
      ASSERT_TRUE(loaded) << loaded.error().message();                                          \
      EXPECT_EQ(*loaded, content);                                                              \
      const auto info = backend_->stat(id);                                                     \
      ASSERT_TRUE(info) << info.error().message();                                              \
      EXPECT_EQ(info->size, content.size());                                                    \
    }                                                                                           \
  }                                                                                             \
  TEST_F(Suite, KeepsTheConfigWithoutAName) {                                                   \
    const FileId config{FileType::config, ""};                                                  \
    EXPECT_EQ(backend_->load(config).error().kind(), ErrorKind::not_found);                     \
    ASSERT_TRUE(backend_->save(config, as_bytes("configuration")));                             \
    EXPECT_EQ(as_text(backend_->load(config).value()), "configuration");                        \
    const auto again = backend_->create();                                                      \
    ASSERT_FALSE(again);                                                                        \
    EXPECT_EQ(again.error().kind(), ErrorKind::conflict);                                       \
  }                                                                                             \
  TEST_F(Suite, SavingTheSameBytesAgainSucceeds) {                                              \
    const FileId id = save(FileType::data, as_bytes("hold"));                                   \
    const auto again = backend_->save(id, as_bytes("hold"));                                    \
    EXPECT_TRUE(again) << again.error().message();                                              \
  }                                                                                             \
  TEST_F(Suite, SavesAFileThatWasWrittenBeforeItHadAName) {                                     \
    const Bytes content = SeededRandom(9).bytes(300'000);                                       \
    UnnamedFile file = backend_->begin_file().value();                                          \
    ASSERT_TRUE(file.append(ByteView(content).first(100'000)));                                 \
    ASSERT_TRUE(file.append(ByteView(content).subspan(100'000)));                               \
    const FileId id = id_of(FileType::data, content);                                           \
    EXPECT_FALSE(backend_->load(id));                                                           \
    for (int attempt = 0; attempt < 2; ++attempt) {                                             \
      const auto saved = backend_->save_file(id, file);                                         \
      EXPECT_TRUE(saved) << saved.error().message();                                            \
      EXPECT_EQ(backend_->load(id).value(), content);                                           \
    }                                                                                           \
    const FileId other = save(FileType::data, as_bytes("other"));                               \
    EXPECT_FALSE(backend_->save_file(other, file));                                             \
    EXPECT_EQ(as_text(backend_->load(other).value()), "other");                                 \
  }                                                                                             \
  TEST_F(Suite, NeverReplacesAFile) {                                                           \
    const FileId id = save(FileType::snapshot, as_bytes("first"));                              \
    EXPECT_FALSE(backend_->save(id, as_bytes("second")));                                       \
    EXPECT_EQ(as_text(backend_->load(id).value()), "first");                                    \
  }                                                                                             \
  TEST_F(Suite, LoadsParts) {                                                                   \
    const Bytes content = SeededRandom(8).bytes(5000);                                          \
    const FileId id = save(FileType::data, content);                                            \
    for (const auto& [offset, length] : {std::pair{0, 1}, {100, 2000}, {4999, 1}, {0, 5000}}) { \
      const auto part = backend_->load_part(id, offset, length);                                \
      ASSERT_TRUE(part) << part.error().message();                                              \
      EXPECT_EQ(*part, Bytes(content.begin() + offset, content.begin() + offset + length));     \
      Bytes into(static_cast<std::size_t>(length));                                             \
      ASSERT_TRUE(backend_->load_part_into(id, offset, into));                                  \
      EXPECT_EQ(into, *part);                                                                   \
    }                                                                                           \
  }                                                                                             \
  TEST_F(Suite, AnswersAPartBeyondTheEndWithCorrupt) {                                          \
    const FileId id = save(FileType::data, Bytes(100, 5));                                      \
    for (const auto& [offset, length] : {std::pair{90, 11}, {100, 1}, {500, 5}}) {              \
      const auto part = backend_->load_part(id, offset, length);                                \
      ASSERT_FALSE(part) << offset;                                                             \
      EXPECT_EQ(part.error().kind(), ErrorKind::corrupt) << part.error().message();             \
      Bytes into(static_cast<std::size_t>(length));                                             \
      const auto read = backend_->load_part_into(id, offset, into);                             \
      EXPECT_EQ(read.error().kind(), ErrorKind::corrupt) << read.error().message();             \
    }                                                                                           \
  }                                                                                             \
  TEST_F(Suite, AnswersNotFoundForWhatIsMissing) {                                              \
    const FileId id = id_of(FileType::data, as_bytes("never saved"));                           \
    EXPECT_EQ(backend_->load(id).error().kind(), ErrorKind::not_found);                         \
    EXPECT_EQ(backend_->load_part(id, 0, 1).error().kind(), ErrorKind::not_found);              \
    EXPECT_EQ(backend_->stat(id).error().kind(), ErrorKind::not_found);                         \
  }                                                                                             \
  TEST_F(Suite, ListsEachTypeByItself) {                                                        \
    for (const FileType type : kNamedTypes) EXPECT_TRUE(names(type).empty());                   \
    const FileId one = save(FileType::index, as_bytes("one"));                                  \
    const FileId two = save(FileType::index, as_bytes("two"));                                  \
    const FileId pack = save(FileType::data, as_bytes("pack"));                                 \
    std::vector<std::string> expected = {one.name, two.name};                                   \
    std::ranges::sort(expected);                                                                \
    EXPECT_EQ(names(FileType::index), expected);                                                \
    EXPECT_EQ(names(FileType::data), std::vector{pack.name});                                   \
    EXPECT_EQ(backend_->list(FileType::data)->front().size, 4u);                                \
    EXPECT_TRUE(names(FileType::snapshot).empty());                                             \
  }                                                                                             \
  TEST_F(Suite, KeepsParityUnderItsPacksName) {                                                 \
    const Bytes pack = SeededRandom(3).bytes(20'000);                                           \
    const FileId data = save(FileType::data, pack);                                             \
    const FileId id{FileType::parity, data.name};                                               \
    const Bytes parity = parity_of(pack);                                                       \
    EXPECT_EQ(backend_->load(id).error().kind(), ErrorKind::not_found);                         \
    for (int attempt = 0; attempt < 2; ++attempt) {                                             \
      const auto saved = backend_->save(id, parity);                                            \
      ASSERT_TRUE(saved) << saved.error().message();                                            \
    }                                                                                           \
    EXPECT_FALSE(backend_->save(id, as_bytes("other parity")));                                 \
    EXPECT_EQ(backend_->load(id).value(), parity);                                              \
    EXPECT_EQ(names(FileType::parity), std::vector{data.name});                                 \
    EXPECT_EQ(names(FileType::data), std::vector{data.name});                                   \
    const auto replaced = backend_->replace(id, as_bytes("other parity"));                      \
    EXPECT_EQ(replaced.has_value(), can_remove());                                              \
    EXPECT_EQ(backend_->load(id).value() == parity, !can_remove());                             \
  }                                                                                             \
  TEST_F(Suite, ReplacesWhatIsThere) {                                                          \
    const FileId pack = save(FileType::data, as_bytes("pack"));                                 \
    const auto replaced = backend_->replace(pack, as_bytes("pack"));                            \
    EXPECT_EQ(replaced.has_value(), can_remove());                                              \
    if (!replaced) {                                                                            \
      EXPECT_EQ(replaced.error().kind(), ErrorKind::denied) << replaced.error().message();      \
    }                                                                                           \
    EXPECT_EQ(as_text(backend_->load(pack).value()), "pack");                                   \
  }                                                                                             \
  TEST_F(Suite, RemovesLocksAndWhatItMay) {                                                     \
    const FileId lock = save(FileType::lock, as_bytes("lock"));                                 \
    ASSERT_TRUE(backend_->remove(lock));                                                        \
    EXPECT_TRUE(names(FileType::lock).empty());                                                 \
    const FileId pack = save(FileType::data, as_bytes("pack"));                                 \
    const auto removed = backend_->remove(pack);                                                \
    EXPECT_EQ(removed.has_value(), can_remove());                                               \
    if (!removed) {                                                                             \
      EXPECT_EQ(removed.error().kind(), ErrorKind::denied);                                     \
    }                                                                                           \
    EXPECT_EQ(names(FileType::data).empty(), can_remove());                                     \
  }                                                                                             \
  TEST_F(Suite, RefusesNamesThatAreNotOfTheFormat) {                                            \
    for (const char* name :                                                                     \
         {"", "short", "../../../../etc/passwd",                                                \
          "ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789",                   \
          "../456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0"}) {                \
      EXPECT_FALSE(backend_->save({FileType::data, name}, as_bytes("x"))) << name;              \
      EXPECT_FALSE(backend_->load({FileType::data, name})) << name;                             \
    }                                                                                           \
  }                                                                                             \
  TEST_F(Suite, ServesSeveralThreads) {                                                         \
    std::atomic<int> wrong{0};                                                                  \
    std::vector<std::thread> threads;                                                           \
    for (unsigned t = 0; t < 4; ++t) {                                                          \
      threads.emplace_back([&, t] {                                                             \
        for (unsigned i = 0; i < 10; ++i) {                                                     \
          /* Two threads each save the same files. */                                           \
          const Bytes content = SeededRandom(t / 2 * 100 + i).bytes(1000 + i);                  \
          const FileId id = id_of(FileType::data, content);                                     \
          if (!backend_->save(id, content)) ++wrong;                                            \
          const auto loaded = backend_->load(id);                                               \
          if (!loaded || *loaded != content) ++wrong;                                           \
        }                                                                                       \
      });                                                                                       \
    }                                                                                           \
    for (std::thread & thread : threads) thread.join();                                         \
    EXPECT_EQ(wrong, 0);                                                                        \
    EXPECT_EQ(names(FileType::data).size(), 20u);                                               \
  }
// NOLINTEND(bugprone-macro-parentheses)
