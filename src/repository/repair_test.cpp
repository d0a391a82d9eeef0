#include "repository/repair.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "base/file.h"
#include "repository/backup.h"
#include "repository/check.h"
#include "repository/index.h"
#include "repository/parity.h"
#include "repository/prune.h"
#include "repository/restore.h"
#include "repository/retired_packs.h"
#include "repository/verify.h"
#include "storage/faulty.h"
#include "storage/memory.h"

namespace bulkhead::repository {
namespace {

using storage::FileType;
using storage::MemoryBackend;

constexpr std::string_view kPassword = "a password of the tests";

class RepairTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(Repository::init(reach(), kPassword, {.scrypt_n = 16}, kQuick));
    SeededRandom random(5);
    ASSERT_TRUE(make_directories(source() / "folder"));
    for (int i = 0; i < 8; ++i) {
      const Path path = i % 2 == 0 ? source() : source() / "folder";
      ASSERT_TRUE(write_file_atomic(path / std::to_string(i), random.bytes(1'700'000)));
    }
    const auto made = backup(*open(), {.paths = {"."}, .directory = source()});
    ASSERT_TRUE(made) << made.error().message();
    snapshot_ = made->snapshot;
  }
  std::unique_ptr<storage::Backend> reach() {
    return std::make_unique<storage::FaultyBackend>(
        memory_, [](const storage::Call&) { return storage::Fault::none; });
  }
  std::unique_ptr<Repository> open() {
    return Repository::open(reach(), kPassword, kQuick).value();
  }
  Path source() const { return folder_.path() / "source"; }
  std::vector<std::string> names(FileType type) {
    std::vector<std::string> found;
    const auto listed = memory_.list(type);
    for (const auto& info : *listed) found.push_back(info.name);
    return found;
  }
  CheckReport checked() { return check(*open(), {.read_data = ReadData::yes}).value(); }
  void expect_all_back() {
    for (const std::string& error : checked().errors) ADD_FAILURE() << error;
    const Path target = folder_.path() / "target";
    ASSERT_TRUE(remove_tree(target));
    const auto repository = open();
    ASSERT_TRUE(restore(*repository, snapshot_, {.target = target})->errors.empty());
    EXPECT_TRUE(verify(*repository, snapshot_, {.target = target})->mismatches.empty());
  }
  // The largest, which holds data.
  std::string data_pack() {
    auto packs = *memory_.list(FileType::data);
    return std::ranges::max_element(packs, {}, &storage::FileInfo::size)->name;
  }

  static inline const RepositoryOptions kQuick{.pack_size = 4 << 20,
                                               .lock_settle = std::chrono::milliseconds(0)};
  MemoryBackend memory_;
  Snapshot snapshot_;
  const TemporaryDirectory folder_ = TemporaryDirectory::create("repair-test").value();
};

TEST_F(RepairTest, IndexIsMadeAnewFromThePacks) {
  for (const std::string& name : names(FileType::index)) {
    ASSERT_TRUE(memory_.remove({FileType::index, name}));
  }
  EXPECT_FALSE(checked().whole());
  const auto report = repair_index(*open(), {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->added, names(FileType::data).size());
  expect_all_back();
  EXPECT_EQ(repair_index(*open(), {.read_all_packs = true})->corrected, 0u);
}

TEST_F(RepairTest, DamagedAndWrongIndexFilesAreReplaced) {
  const std::string name = names(FileType::index).front();
  Bytes content = *memory_.load({FileType::index, name});
  content[content.size() / 2] ^= 1;
  memory_.overwrite({FileType::index, name}, content);
  // One that claims a pack that is not there, and that a pack holds what it does not.
  const PackId real = PackId::from_hex(data_pack()).value();
  const PackedBlob wrong{BlobType::data, BlobId::of(as_bytes("wrong")), 0, 100, 0};
  ASSERT_TRUE(open()->save_file(
      FileType::index, encode_index({{PackId::of(as_bytes("none")), {wrong}}, {real, {wrong}}})));
  const auto report = repair_index(*open(), {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->damaged_index_files, 1u);
  EXPECT_EQ(report->removed, 1u);
  EXPECT_EQ(report->corrected, 1u);
  expect_all_back();
}

TEST_F(RepairTest, ADryRunOfEachChangesNothing) {
  const std::string pack = data_pack();
  Bytes content = *memory_.load({FileType::data, pack});
  content.resize(content.size() / 2);
  memory_.overwrite({FileType::data, pack}, content);
  const auto before = names(FileType::index);
  const auto packs = names(FileType::data);
  EXPECT_EQ(repair_index(*open(), {.dry_run = DryRun::yes})->unreadable.size(), 1u);
  EXPECT_EQ(repair_packs(*open(), {.dry_run = DryRun::yes})->salvaged, 1u);
  ASSERT_TRUE(repair_snapshots(*open(), {.dry_run = DryRun::yes}));
  EXPECT_EQ(names(FileType::index), before);
  EXPECT_EQ(names(FileType::data), packs);
  EXPECT_EQ(names(FileType::snapshot).size(), 1u);
}

TEST_F(RepairTest, ParityGivesEveryByteBackAfterFlipsAndTruncation) {
  const auto made = add_parity(*open(), {.percent = 10});
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_EQ(made->made, names(FileType::data).size());
  EXPECT_EQ(add_parity(*open(), {})->made, 0u);
  const CheckReport with_parity = checked();
  EXPECT_TRUE(with_parity.whole());
  EXPECT_TRUE(with_parity.hints.empty());
  SeededRandom random(8);
  for (int round = 0; round < 6; ++round) {
    std::map<std::string, Bytes> before;
    for (const std::string& name : names(FileType::data)) {
      const Bytes pack = *memory_.load({FileType::data, name});
      before[name] = pack;
      Bytes damaged = pack;
      switch (round % 3) {
        case 0:  // a few bits anywhere
          for (int i = 0; i < 2; ++i) damaged[random.below(damaged.size())] ^= 0x10;
          break;
        case 1:  // the end is cut off
          damaged.resize(damaged.size() - 1 - random.below(damaged.size() / 12));
          break;
        case 2: {  // a long run of zeros
          const std::size_t length = damaged.size() / 12;
          const std::size_t start = random.below(damaged.size() - length + 1);
          std::fill_n(damaged.begin() + static_cast<std::ptrdiff_t>(start), length, 0);
          break;
        }
      }
      // Small packs have few sectors, of which two may be bad.
      if (pack.size() > 1'000'000 || round % 3 != 2) {
        memory_.overwrite({FileType::data, name}, damaged);
      }
    }
    EXPECT_FALSE(checked().whole());
    const auto report = repair_packs(*open(), {});
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_GT(report->rebuilt, 0u);
    EXPECT_EQ(report->salvaged, 0u);
    for (const auto& [name, pack] : before) {
      EXPECT_EQ(*memory_.load({FileType::data, name}), pack) << "round " << round;
    }
    expect_all_back();
  }
}

TEST_F(RepairTest, FullParityBringsAMissingPackBack) {
  ASSERT_TRUE(add_parity(*open(), {.percent = 100}));
  const std::string pack = data_pack();
  ASSERT_TRUE(memory_.remove({FileType::data, pack}));
  EXPECT_EQ(repair_packs(*open(), {})->rebuilt, 1u);
  expect_all_back();
}

TEST_F(RepairTest, APackThatIsOutOfUseAndDeletedIsNotBroughtBack) {
  // restic's prune deletes what ours took out of use; our index and its parity still tell of it.
  const Bytes content = SeededRandom(6).bytes(5000);
  const PackId gone = PackId::of(content);
  const PackedBlob blob{BlobType::data, BlobId::of(as_bytes("gone")), 0, 100, 0};
  const std::string index = encode_index_with_retired({}, {{gone, WallTime(), {blob}}});
  ASSERT_TRUE(open()->save_file(FileType::index, index));
  ASSERT_TRUE(memory_.save({FileType::parity, gone.to_hex()}, make_parity(gone, content, 100)));
  const auto packs = names(FileType::data);
  const auto report = repair_packs(*open(), {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(report->read, packs.size());
  EXPECT_EQ(report->rebuilt, 0u);
  EXPECT_EQ(names(FileType::data), packs);
  // Whoever names it gets it.
  EXPECT_EQ(repair_packs(*open(), {.packs = {gone}})->rebuilt, 1u);
  EXPECT_EQ(*memory_.load({FileType::data, gone.to_hex()}), content);
}

TEST_F(RepairTest, DamagedParityIsRenewedAndStillMends) {
  ASSERT_TRUE(add_parity(*open(), {}));
  const std::string pack = data_pack();
  const Bytes whole = *memory_.load({FileType::parity, pack});
  // Its first table, and some of its sectors.
  Bytes damaged = whole;
  damaged[10] ^= 1;
  damaged[damaged.size() / 2] ^= 1;
  memory_.overwrite({FileType::parity, pack}, damaged);
  Bytes content = *memory_.load({FileType::data, pack});
  content[content.size() / 3] ^= 1;
  memory_.overwrite({FileType::data, pack}, content);
  EXPECT_EQ(repair_packs(*open(), {})->rebuilt, 1u);
  EXPECT_EQ(repair_packs(*open(), {})->parity_renewed, 1u);
  EXPECT_EQ(*memory_.load({FileType::parity, pack}), whole);
  expect_all_back();
}

TEST_F(RepairTest, WithoutParityWholeBlobsAreSavedAndTheRestIsCutOut) {
  const std::string pack = data_pack();
  Bytes content = *memory_.load({FileType::data, pack});
  content[100] ^= 1;
  memory_.overwrite({FileType::data, pack}, content);
  const auto packs = repair_packs(*open(), {});
  ASSERT_TRUE(packs) << packs.error().message();
  EXPECT_EQ(packs->salvaged, 1u);
  EXPECT_EQ(packs->blobs_lost, 1u);
  EXPECT_FALSE(checked().whole()) << "the snapshot lacks something, and it shows";
  const auto repaired = repair_snapshots(*open(), {.forget = true});
  ASSERT_TRUE(repaired) << repaired.error().message();
  ASSERT_EQ(repaired->repaired.size(), 1u);
  EXPECT_EQ(repaired->repaired[0].losses.size(), 1u);
  for (const std::string& error : checked().errors) ADD_FAILURE() << error;
  const auto left = open()->snapshots().value();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].original, snapshot_.id);
  EXPECT_EQ(left[0].tags, std::vector<std::string>{"repaired"});
  EXPECT_EQ(left[0].time, snapshot_.time);
  EXPECT_TRUE(repair_snapshots(*open(), {})->repaired.empty()) << "nothing is left to do";
  const auto pruned = prune(*open(), {.keep_delete = std::chrono::hours(0)});
  ASSERT_TRUE(pruned) << pruned.error().message();
  EXPECT_TRUE(checked().whole());
}

TEST_F(RepairTest, ASnapshotWhoseFolderIsLostKeepsTheOthers) {
  const auto tree = open()->load_tree(snapshot_.tree).value();
  const Node* folder = tree.find("folder");
  ASSERT_NE(folder, nullptr);
  // All trees share a pack: only the folder's own blob is damaged in it.
  const auto repository = open();
  ASSERT_TRUE(repository->load_index());
  const auto place = repository->index().find({BlobType::tree, *folder->subtree});
  ASSERT_TRUE(place);
  const storage::FileId file{FileType::data, place->pack.to_hex()};
  Bytes content = *memory_.load(file);
  content[place->blob.offset + 20] ^= 1;
  memory_.overwrite(file, content);
  EXPECT_EQ(repair_packs(*open(), {.packs = {place->pack}})->blobs_lost, 1u);
  const auto repaired = repair_snapshots(*open(), {.forget = true});
  ASSERT_TRUE(repaired) << repaired.error().message();
  ASSERT_EQ(repaired->repaired.size(), 1u);
  const auto again = open();
  const auto left = again->snapshots().value();
  EXPECT_TRUE(
      again->load_tree(*again->load_tree(left[0].tree)->find("folder")->subtree)->nodes.empty());
  EXPECT_EQ(again->load_tree(left[0].tree)->nodes.size(), tree.nodes.size());
  for (const std::string& error : checked().errors) ADD_FAILURE() << error;
}

// Against a file that was made from the format page by another program.
TEST(Parity, IsWhatTheFormatPageSays) {
  const Bytes pack(300, 'p');
  const Bytes parity = make_parity(PackId::of(pack), pack, 10);
  EXPECT_EQ(to_hex(crypto::sha256(parity)),
            "2b0f3fc663e3a224926415682fa45c7d7613a4e4e842c1fe9eda498599d53511");
  EXPECT_EQ(rebuild_pack(PackId::of(pack), {}, parity).value(), pack);
}

}  // namespace
}  // namespace bulkhead::repository
