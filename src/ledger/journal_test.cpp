#include "ledger/journal.h"

#include <gtest/gtest.h>

#include "ledger/crashing_files.h"

namespace bulkhead::ledger {
namespace {

class JournalTest : public testing::Test {
 protected:
  static std::vector<Bytes> group(const std::string& name, int count) {
    std::vector<Bytes> out;
    for (int i = 0; i < count; ++i) out.push_back(to_bytes(name + std::to_string(i)));
    return out;
  }
  // One file with three groups; where each begins.
  std::vector<std::size_t> write_three() {
    EXPECT_TRUE(journal_.begin(10));
    std::vector<std::size_t> begins;
    for (const char* name : {"a", "b", "c"}) {
      begins.push_back(journal_.size());
      EXPECT_TRUE(journal_.append(group(name, 3)));
    }
    return begins;
  }
  Bytes content() { return disk_.files().at(name_); }
  void set(const Bytes& content) {
    auto files = disk_.files();
    files[name_] = content;
    disk_.set(std::move(files));
  }

  const std::string name_ = "journal/00000000000000000010";
  Disk disk_;
  CrashingFiles files_{disk_};
  Journal journal_{files_};
};

TEST_F(JournalTest, GivesBackWhatIsNotPublished) {
  write_three();
  EXPECT_EQ(journal_.recover(10).value().size(), 9u);
  const auto rest = journal_.recover(14).value();
  ASSERT_EQ(rest.size(), 5u);
  EXPECT_EQ(rest[0], to_bytes("b1"));
  EXPECT_TRUE(journal_.recover(19).value().empty());
  EXPECT_TRUE(journal_.recover(400).value().empty());
}

TEST_F(JournalTest, GroupCutOffAnywhereIsLeftOut) {
  const std::vector<std::size_t> begins = write_three();
  const Bytes whole = content();
  for (std::size_t size = begins[2]; size < whole.size(); ++size) {
    set(Bytes(whole.begin(), whole.begin() + static_cast<long>(size)));
    EXPECT_EQ(journal_.recover(10).value().size(), 6u) << size;
  }
}

TEST_F(JournalTest, DamageBeforeAWholeGroupIsNoCrash) {
  const std::vector<std::size_t> begins = write_three();
  const Bytes whole = content();
  for (std::size_t at = 0; at < begins[2]; ++at) {
    Bytes damaged = whole;
    damaged[at] ^= 0x20;
    set(damaged);
    const auto entries = journal_.recover(10);
    ASSERT_FALSE(entries) << at;
    EXPECT_EQ(entries.error().kind(), ErrorKind::corrupt);
  }
  for (std::size_t at = begins[2]; at < whole.size(); ++at) {
    Bytes damaged = whole;
    damaged[at] ^= 0x20;
    set(damaged);
    EXPECT_EQ(journal_.recover(10).value().size(), 6u) << at;
  }
}

TEST_F(JournalTest, LaterFileHoldsWhereItBeginsAndMissingOnesAreNoticed) {
  write_three();
  ASSERT_TRUE(journal_.begin(17));
  ASSERT_TRUE(journal_.append(group("d", 2)));
  const auto entries = journal_.recover(10).value();
  ASSERT_EQ(entries.size(), 9u);
  EXPECT_EQ(entries[6], to_bytes("c0"));
  EXPECT_EQ(entries[7], to_bytes("d0"));
  ASSERT_TRUE(files_.remove(name_));
  EXPECT_EQ(journal_.recover(10).error().kind(), ErrorKind::corrupt);
  EXPECT_EQ(journal_.recover(17).value().size(), 2u);
}

}  // namespace
}  // namespace bulkhead::ledger
