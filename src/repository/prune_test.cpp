#include "repository/prune.h"

#include <atomic>

#include <gtest/gtest.h>

#include "base/file.h"
#include "repository/backup.h"
#include "repository/check.h"
#include "repository/lock.h"
#include "repository/restore.h"
#include "repository/retired_packs.h"
#include "repository/verify.h"
#include "storage/faulty.h"
#include "storage/memory.h"

namespace bulkhead::repository {
namespace {

using std::chrono::hours;
using storage::Call;
using storage::Fault;
using storage::FaultyBackend;
using storage::FileType;
using storage::MemoryBackend;

constexpr std::string_view kPassword = "a password of the tests";
Fault never(const Call&) { return Fault::none; }

class PruneTest : public testing::Test {
 protected:
  RepositoryOptions settings() const {
    return {.pack_size = 4 << 20, .clock = &clock_, .lock_settle = std::chrono::milliseconds(0)};
  }
  std::unique_ptr<Repository> open(MemoryBackend& memory,
                                   FaultyBackend::Decision decision = never) const {
    return Repository::open(std::make_unique<FaultyBackend>(memory, std::move(decision)), kPassword,
                            settings())
        .value();
  }
  void make_repository(MemoryBackend& memory) const {
    ASSERT_TRUE(Repository::init(std::make_unique<FaultyBackend>(memory, never), kPassword,
                                 {.chunker_polynomial = 0x3DA3358B4DC173, .scrypt_n = 16},
                                 settings()));
  }
  Path source() const { return folder_.path() / "source"; }

  // Six files of 1.5 MB; a later call changes every second one.
  Snapshot back_up(MemoryBackend& memory, std::uint64_t seed) const {
    SeededRandom random(seed);
    SeededRandom constant(99);
    EXPECT_TRUE(make_directories(source()));
    for (int i = 0; i < 6; ++i) {
      const Bytes content = (i % 2 == 0 ? constant : random).bytes(1'500'000);
      EXPECT_TRUE(write_file_atomic(source() / std::to_string(i), content));
    }
    const auto made = backup(
        *open(memory),
        {.paths = {"."}, .directory = source(), .read_all = true, .readers = 1, .sealers = 1});
    EXPECT_TRUE(made) << made.error().message();
    return made->snapshot;
  }
  static void forget_one(MemoryBackend& memory, const Snapshot& snapshot) {
    ASSERT_TRUE(memory.remove({FileType::snapshot, snapshot.id.to_hex()}));
  }
  Result<PruneReport> prune_now(MemoryBackend& memory, hours keep_delete = hours(23)) const {
    return prune(*open(memory),
                 {.max_unused = parse_unused_limit("0%").value(), .keep_delete = keep_delete});
  }

  // What restic would see: packs that are only to be deleted do not count.
  void expect_sound(MemoryBackend& memory, const std::string& when) const {
    const auto repository = open(memory);
    const auto checked = check(*repository, {.read_data = ReadData::yes});
    ASSERT_TRUE(checked) << when;
    for (const std::string& error : checked->errors) ADD_FAILURE() << when << ": " << error;
    const auto kept = repository->snapshots();
    for (const Snapshot& snapshot : *kept) {
      const Path target = folder_.path() / "target";
      ASSERT_TRUE(remove_tree(target));
      const auto restored = restore(*repository, snapshot, {.target = target});
      ASSERT_TRUE(restored && restored->errors.empty()) << when;
      EXPECT_TRUE(verify(*repository, snapshot, {.target = target})->mismatches.empty()) << when;
    }
  }
  static std::uint64_t bytes_of(MemoryBackend& memory) {
    std::uint64_t sum = 0;
    const auto listed = memory.list(FileType::data);
    for (const auto& info : *listed) sum += info.size;
    return sum;
  }
  std::string put_lock(MemoryBackend& memory, std::string program, WallTime since) const {
    return open(memory)
        ->save_file(FileType::lock, encode_lock({.time = clock_.now(),
                                                 .hostname = "elsewhere",
                                                 .pid = 1,
                                                 .program = std::move(program),
                                                 .since = since}))
        .value();
  }

  mutable ManualClock clock_{from_rfc3339("2026-10-01T00:00:00Z").value()};
  const TemporaryDirectory folder_ = TemporaryDirectory::create("prune-test").value();
};

TEST_F(PruneTest, LeavesAloneWhatItIsToldTo) {
  MemoryBackend memory;
  make_repository(memory);
  const Snapshot old = back_up(memory, 1);
  back_up(memory, 2);
  forget_one(memory, old);
  const auto indexes = memory.list(FileType::index).value().size();
  std::atomic<int> asked = 0;
  const auto report = prune(*open(memory), {.max_unused = parse_unused_limit("0%").value(),
                                            .spare = [&](const PackId&) { return ++asked > 0; }});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_GT(asked, 0);
  EXPECT_EQ(report->hidden.packs, 0u);
  EXPECT_EQ(memory.list(FileType::index).value().size(), indexes);
  expect_sound(memory, "spared");
}

TEST_F(PruneTest, HidesFirstAndDeletesAfterTheGracePeriod) {
  MemoryBackend memory;
  make_repository(memory);
  const Snapshot old = back_up(memory, 1);
  back_up(memory, 2);
  forget_one(memory, old);
  const std::uint64_t before = bytes_of(memory);
  const auto first = prune_now(memory);
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_GT(first->hidden.packs, 0u);
  EXPECT_EQ(first->deleted.packs, 0u);
  EXPECT_GE(bytes_of(memory), before);
  expect_sound(memory, "hidden");
  clock_.advance(hours(22));
  EXPECT_EQ(prune_now(memory)->deleted.packs, 0u) << "an hour too early";
  clock_.advance(hours(2));
  const auto second = prune_now(memory);
  EXPECT_EQ(second->deleted.packs, first->hidden.packs);
  EXPECT_LT(bytes_of(memory), before - 4'000'000);
  expect_sound(memory, "deleted");
  const auto third = prune_now(memory);
  EXPECT_EQ(third->hidden.packs + third->deleted.packs + third->waiting.packs, 0u);
  EXPECT_EQ(third->unused_bytes, bytes_of(memory) - third->used.bytes);
}

TEST_F(PruneTest, DeletesAtOnceWhereNoGraceIsWanted) {
  MemoryBackend memory;
  make_repository(memory);
  forget_one(memory, back_up(memory, 1));
  back_up(memory, 2);
  const auto report = prune_now(memory, hours(0));
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_GT(report->deleted.packs, 0u);
  expect_sound(memory, "deleted at once");
  EXPECT_TRUE(check(*open(memory), {})->hints.empty());
  const auto listed = memory.list(FileType::index);
  for (const auto& info : *listed) {
    const Bytes text = open(memory)->load_file({FileType::index, info.name}).value();
    EXPECT_TRUE(decode_retired(as_text(text))->empty());
  }
}

TEST_F(PruneTest, ADryRunChangesNothing) {
  MemoryBackend memory;
  make_repository(memory);
  forget_one(memory, back_up(memory, 1));
  const std::uint64_t before = bytes_of(memory);
  const std::size_t indexes = memory.list(FileType::index)->size();
  const auto report = prune(*open(memory), {.dry_run = DryRun::yes});
  ASSERT_TRUE(report);
  EXPECT_GT(report->hidden.packs, 0u);
  EXPECT_EQ(bytes_of(memory), before);
  EXPECT_EQ(memory.list(FileType::index)->size(), indexes);
}

TEST_F(PruneTest, MarksOnlyWhereSomebodyIsAtWork) {
  MemoryBackend memory;
  make_repository(memory);
  const Snapshot only = back_up(memory, 1);
  // A restic that read the index, and will refer to everything.
  const std::string lock = put_lock(memory, "", {});
  forget_one(memory, only);
  for (int i = 0; i < 3; ++i) {
    const auto report = prune_now(memory, hours(0));
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_GT(report->marked.packs, 0u);
    EXPECT_EQ(report->hidden.packs + report->deleted.packs, 0u);
    // It ends: all that it refers to is readable at once, and is not deleted later.
    clock_.advance(std::chrono::minutes(5));
  }
  ASSERT_TRUE(open(memory)->save_file(FileType::snapshot, encode_snapshot(only)));
  ASSERT_TRUE(memory.remove({FileType::lock, lock}));
  expect_sound(memory, "after the other ended");
  clock_.advance(hours(100));
  EXPECT_EQ(prune_now(memory, hours(0))->deleted.packs, 0u);
  expect_sound(memory, "after another prune");
}

TEST_F(PruneTest, OurBackupsReferToNothingThatIsMarked) {
  MemoryBackend memory;
  make_repository(memory);
  forget_one(memory, back_up(memory, 1));
  const std::string lock = put_lock(memory, "", {});
  EXPECT_GT(prune_now(memory)->marked.packs, 0u);
  ASSERT_TRUE(memory.remove({FileType::lock, lock}));
  const Snapshot again = back_up(memory, 1);
  EXPECT_GT(again.summary->data_added, 8'000'000u) << "stored anew";
  // One of ours that began a day after the mark hinders nothing.
  clock_.advance(hours(30));
  put_lock(memory, std::string(kLockProgram), clock_.now());
  const auto report = prune_now(memory);
  EXPECT_GT(report->hidden.packs, 0u);
  expect_sound(memory, "hidden beside a backup of ours");
}

TEST_F(PruneTest, ShowsAgainWhatSomebodyWhoCameMeanwhileMayReferTo) {
  MemoryBackend memory;
  make_repository(memory);
  const Snapshot only = back_up(memory, 1);
  forget_one(memory, only);
  // When the first index file is removed, a restic has just read it.
  std::atomic<bool> came{false};
  const auto repository = open(memory, [&](const Call& call) {
    const bool index =
        call.operation == storage::Operation::remove && call.id.type == FileType::index;
    if (index && !came.exchange(true)) put_lock(memory, "", {});
    return Fault::none;
  });
  const auto report = prune(*repository, {.keep_delete = hours(0)});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_TRUE(came);
  EXPECT_EQ(report->deleted.packs, 0u);
  ASSERT_TRUE(open(memory)->save_file(FileType::snapshot, encode_snapshot(only)));
  expect_sound(memory, "after it made its snapshot");
}

TEST_F(PruneTest, ABackupThatEndsDuringPruneLosesNothing) {
  MemoryBackend memory;
  make_repository(memory);
  const Snapshot only = back_up(memory, 1);
  const Snapshot other = back_up(memory, 2);
  forget_one(memory, only);
  // At each moment of a prune in turn, somebody who relies on what is unused makes a snapshot.
  for (std::uint64_t moment = 0; moment < 60; moment += 3) {
    MemoryBackend copy;
    for (const FileType type :
         {FileType::config, FileType::key, FileType::index, FileType::data, FileType::snapshot}) {
      const auto listed = memory.list(type);
      for (const auto& info : *listed) {
        copy.overwrite({type, info.name}, *memory.load({type, info.name}));
      }
    }
    const std::string lock = put_lock(copy, "", {});
    const auto writer = open(copy);
    std::string made;
    const auto repository = open(copy, [&](const Call& call) {
      if (call.number == moment) {
        made = writer->save_file(FileType::snapshot, encode_snapshot(only)).value();
        EXPECT_TRUE(copy.remove({FileType::lock, lock}));
      }
      return Fault::none;
    });
    const auto report = prune(
        *repository, {.max_unused = parse_unused_limit("0%").value(), .keep_delete = hours(0)});
    ASSERT_TRUE(report) << report.error().message();
    if (made.empty()) break;
    expect_sound(copy, "a snapshot at operation " + std::to_string(moment));
  }
}

TEST_F(PruneTest, BringsBackWhatASnapshotNeedsAgain) {
  MemoryBackend memory;
  make_repository(memory);
  const Snapshot only = back_up(memory, 1);
  forget_one(memory, only);
  const auto counted = prune_now(memory);
  EXPECT_GT(counted->hidden.packs, 0u);
  const PruneCounts& counts = counted->counts;
  EXPECT_EQ(counts.blobs.used, 0u);
  EXPECT_EQ(counts.blobs.remove_total(), counts.blobs.total());
  EXPECT_EQ(counts.packs_remove, counted->hidden.packs);
  ASSERT_TRUE(open(memory)->save_file(FileType::snapshot, encode_snapshot(only)));
  const auto report = prune_now(memory);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_GT(report->recovered, 0u);
  expect_sound(memory, "recovered");
}

TEST_F(PruneTest, RefusesBesideAnotherPruneAndWhereSomethingIsMissing) {
  MemoryBackend memory;
  make_repository(memory);
  back_up(memory, 1);
  const auto other = open(memory);
  {
    const auto lock = Lock::shared(*other, kPurposePrune);
    ASSERT_TRUE(lock);
    const auto refused = prune_now(memory);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::conflict);
  }
  const std::string pack = memory.list(FileType::data)->front().name;
  const Bytes content = memory.load({FileType::data, pack}).value();
  ASSERT_TRUE(memory.remove({FileType::data, pack}));
  const std::size_t left = memory.list(FileType::data)->size();
  const auto refused = prune_now(memory, hours(0));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::corrupt);
  EXPECT_EQ(memory.list(FileType::data)->size(), left);
}

TEST_F(PruneTest, WaitsForALockAsLongAsItIsToldTo) {
  MemoryBackend memory;
  make_repository(memory);
  back_up(memory, 1);
  const auto other = open(memory);
  auto lock = Lock::shared(*other, kPurposePrune);
  ASSERT_TRUE(lock);
  std::atomic<int> looks{0};
  RepositoryOptions patient = settings();
  patient.lock_patience = std::chrono::minutes(5);
  const auto give_way = [&](const Call& call) {
    const bool look = call.operation == storage::Operation::list && call.id.type == FileType::lock;
    if (look && ++looks == 3) lock->reset();
    return Fault::none;
  };
  const auto repository =
      Repository::open(std::make_unique<FaultyBackend>(memory, give_way), kPassword, patient)
          .value();
  const auto report = prune(*repository, {});
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_GE(looks, 3);
}

TEST_F(PruneTest, PacksAnewOnlyWhatItIsAskedTo) {
  MemoryBackend memory;
  make_repository(memory);
  back_up(memory, 1);
  back_up(memory, 2);
  const auto repacked = [&](PruneOptions options) {
    options.max_unused = parse_unused_limit("unlimited").value();
    options.dry_run = DryRun::yes;
    return prune(*open(memory), options)->repacked.packs;
  };
  PruneOptions options;
  EXPECT_EQ(repacked(options), 0u);
  options.repack_small = true;
  options.small_pack_bytes = 1;
  EXPECT_EQ(repacked(options), 0u);
  options.small_pack_bytes = 1 << 30;
  const std::uint64_t all = repacked(options);
  EXPECT_EQ(all, memory.list(FileType::data)->size());
  options.repack_trees_only = true;
  EXPECT_EQ(repacked(options), 2u) << "those of the two backups' folders";
  EXPECT_GT(all, 2u);
}

TEST_F(PruneTest, CollectsWhatAKilledBackupLeft) {
  MemoryBackend memory;
  make_repository(memory);
  back_up(memory, 1);
  memory.overwrite({FileType::data, std::string(64, 'a')}, Bytes(1000, 7));
  EXPECT_EQ(prune_now(memory)->hidden.packs, 1u);
  clock_.advance(hours(24));
  const std::string lock = put_lock(memory, "", {});
  EXPECT_EQ(prune_now(memory)->deleted.packs, 0u) << "it may belong to whoever is at work";
  ASSERT_TRUE(memory.remove({FileType::lock, lock}));
  EXPECT_EQ(prune_now(memory)->deleted.packs, 1u);
  expect_sound(memory, "collected");
  EXPECT_TRUE(check(*open(memory), {})->hints.empty());
}

TEST_F(PruneTest, TheRepositoryIsSoundWhereverForgetAndPruneAreKilled) {
  MemoryBackend whole;
  make_repository(whole);
  back_up(whole, 1);
  clock_.advance(hours(48));
  back_up(whole, 2);
  clock_.advance(hours(48));
  back_up(whole, 3);
  const auto run = [&](MemoryBackend& memory, const FaultyBackend::Decision& decision) {
    auto backend = std::make_unique<FaultyBackend>(memory, decision);
    FaultyBackend& faulty = *backend;
    const auto repository = Repository::open(std::move(backend), kPassword, settings());
    if (repository) {
      const auto forgot = forget(**repository, {.keep = {.policy = {.last = 2}}});
      const auto pruned = prune(
          **repository, {.max_unused = parse_unused_limit("0%").value(), .keep_delete = hours(0)});
      EXPECT_TRUE(faulty.crashed() || (forgot && pruned));
    }
  };
  const auto copy_to = [&](MemoryBackend& copy) {
    for (const FileType type :
         {FileType::config, FileType::key, FileType::index, FileType::data, FileType::snapshot}) {
      const auto listed = whole.list(type);
      for (const auto& info : *listed) {
        copy.overwrite({type, info.name}, *whole.load({type, info.name}));
      }
    }
  };
  for (std::uint64_t killed_at = 0;; ++killed_at) {
    bool killed = false;
    for (const Fault fault : {Fault::crash_before, Fault::crash_after}) {
      MemoryBackend memory;
      copy_to(memory);
      bool changing = false;
      run(memory, [&](const Call& call) {
        if (call.number != killed_at) return Fault::none;
        killed = true;
        changing = call.operation == storage::Operation::save ||
                   call.operation == storage::Operation::remove;
        return fault;
      });
      // Where only something was read, nothing differs from being killed at the write before.
      if (!changing) continue;
      const std::string when = "killed at operation " + std::to_string(killed_at);
      expect_sound(memory, when);
      clock_.advance(hours(1));
      run(memory, never);
      expect_sound(memory, when + ", then done again");
      EXPECT_TRUE(check(*open(memory), {})->hints.empty()) << when;
    }
    if (!killed) break;
  }
}

TEST(RetiredPacks, AreWrittenAndUnderstoodBesideThePacks) {
  const std::vector<PackedBlob> blobs = {{BlobType::data, BlobId::of(as_bytes("a")), 0, 50, 0},
                                         {BlobType::tree, BlobId::of(as_bytes("b")), 50, 60, 90}};
  const PackId live = PackId::of(as_bytes("live"));
  const PackId hidden = PackId::of(as_bytes("hidden"));
  const WallTime time = from_rfc3339("2026-10-01T06:15:00.25Z").value();
  const std::string text =
      encode_index_with_retired({{live, blobs}}, {{hidden, time, blobs}, {live, time, {}}});
  const auto packs = decode_index(text);
  ASSERT_EQ(packs->size(), 1u);
  EXPECT_EQ(packs->front().blobs, blobs);
  const auto retired = decode_retired(text);
  ASSERT_EQ(retired->size(), 2u);
  EXPECT_EQ(retired->front().id, hidden);
  EXPECT_EQ(retired->front().time, time);
  EXPECT_EQ(retired->front().blobs, blobs);
  EXPECT_TRUE(retired->back().blobs.empty());
  EXPECT_TRUE(decode_retired(encode_index({{live, blobs}}))->empty());

  // White space is for people: such text is read the long way, and says the same.
  std::string spaced = text;
  for (std::size_t at = 0; (at = spaced.find(':', at)) != std::string::npos; ++at) {
    if (spaced[at - 1] == '"') spaced.insert(at + 1, " ");
  }
  const auto same_packs = decode_index(spaced);
  ASSERT_EQ(same_packs->size(), 1u);
  EXPECT_EQ(same_packs->front().blobs, blobs);
  const auto long_way = decode_retired(spaced);
  ASSERT_EQ(long_way->size(), 2u);
  EXPECT_EQ(long_way->front().time, retired->front().time);
  EXPECT_EQ(long_way->front().blobs, retired->front().blobs);
}

TEST(PruneLimits, AreReadAsResticWritesThem) {
  EXPECT_EQ(parse_size("500k").value(), 500u << 10);
  EXPECT_EQ(parse_size("7").value(), 7u);
  EXPECT_EQ(parse_size("2T").value(), 2ull << 40);
  for (const char* wrong : {"", "K", "-1", "1KB", "99999999999T"}) EXPECT_FALSE(parse_size(wrong));
  EXPECT_EQ(parse_unused_limit("12.5%")->percent, 12.5);
  EXPECT_EQ(parse_unused_limit("0")->bytes, 0u);
  EXPECT_EQ(parse_unused_limit("unlimited")->kind, UnusedLimit::Kind::unlimited);
  for (const char* wrong : {"101%", "%", "x%", "some"}) EXPECT_FALSE(parse_unused_limit(wrong));
}

}  // namespace
}  // namespace bulkhead::repository
