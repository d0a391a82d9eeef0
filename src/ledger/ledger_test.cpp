#include "ledger/ledger.h"

#include <atomic>
#include <csignal>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ledger/crashing_files.h"
#include "ledger/verify/log_folder.h"

namespace bulkhead::ledger {
namespace {

constexpr const char* kOrigin = "example/ledger";

NoteSigner signer_of(std::uint64_t seed) {
  SeededRandom random(seed);
  return NoteSigner::generate(kOrigin, SignerKind::log, random).value();
}

Bytes entry(std::uint64_t number) { return to_bytes(fmt::format("entry {}", number)); }

class LedgerTest : public testing::Test {
 protected:
  std::unique_ptr<Ledger> open(std::unique_ptr<Files> files, LedgerOptions options = {}) {
    return Ledger::open(std::move(files), kOrigin, signer_of(1), options).value();
  }
  std::unique_ptr<Ledger> open_folder(LedgerOptions options = {}) {
    return open(std::make_unique<LocalFiles>(folder_.path()), options);
  }
  // All entries, checked against the checkpoint by the verifier.
  static std::vector<Bytes> verified(const Path& folder,
                                     std::vector<verify::Remembered> remembered = {}) {
    std::vector<Bytes> out;
    verify::FolderOptions options;
    options.folder = folder;
    options.origin = kOrigin;
    options.key = verify::parse_verifier_key(signer_of(1).verifier_key()).value();
    options.remembered = std::move(remembered);
    options.on_entry = [&](std::uint64_t, ByteView bytes) -> Result<void> {
      out.emplace_back(bytes.begin(), bytes.end());
      return {};
    };
    const auto report = verify::verify_folder(options);
    EXPECT_TRUE(report);
    if (report && report->bad) ADD_FAILURE() << report->bad->describe();
    return out;
  }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("ledger-test").value();
};

TEST_F(LedgerTest, EmptyLedgerIsSigned) {
  const auto ledger = open_folder();
  EXPECT_EQ(ledger->checkpoint().size, 0u);
  EXPECT_TRUE(verified(folder_.path()).empty());
}

TEST_F(LedgerTest, GrowsOverTilesAndRestarts) {
  std::uint64_t count = 0;
  for (const std::uint64_t until : {1, 17, 256, 300, 511, 512, 70'000}) {
    const auto ledger = open_folder();
    EXPECT_EQ(ledger->checkpoint().size, count);
    std::vector<Ledger::Ticket> tickets;
    const std::uint64_t begin = count;
    for (; count < until; ++count) tickets.push_back(ledger->submit(entry(count)).value());
    for (std::size_t i = 0; i < tickets.size(); ++i) {
      ASSERT_EQ(tickets[i].wait().value(), begin + i);
    }
    ASSERT_EQ(ledger->sign_now().value().size, count);
    // The verifier reads while the ledger is open.
    const std::vector<Bytes> entries = verified(folder_.path());
    ASSERT_EQ(entries.size(), count);
    EXPECT_EQ(entries.back(), entry(count - 1));
  }
  // The specification's own example of a tree of this size.
  const auto is_there = [&](const char* name) {
    return std::filesystem::exists(folder_.path() / "tile" / name);
  };
  EXPECT_TRUE(is_there("0/272"));
  EXPECT_TRUE(is_there("0/273.p/112"));
  EXPECT_FALSE(is_there("0/273"));
  EXPECT_TRUE(is_there("1/000"));
  EXPECT_TRUE(is_there("1/001.p/17"));
  EXPECT_TRUE(is_there("2/000.p/1"));
  EXPECT_TRUE(is_there("entries/273.p/112"));
  EXPECT_FALSE(is_there("0/000.p")) << "partial tiles go when the tile is full";
}

TEST_F(LedgerTest, ManyThreadsAppendAtOnce) {
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  const auto ledger = open_folder();
  std::vector<std::map<std::uint64_t, Bytes>> kept(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; i += 10) {
        std::vector<Ledger::Ticket> tickets;
        for (int k = i; k < i + 10; ++k) {
          tickets.push_back(ledger->submit(to_bytes(fmt::format("{} of {}", k, t))).value());
        }
        for (int k = 0; k < 10; ++k) {
          kept[t][tickets[k].wait().value()] = to_bytes(fmt::format("{} of {}", i + k, t));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(ledger->close());
  const std::vector<Bytes> entries = verified(folder_.path());
  ASSERT_EQ(entries.size(), std::size_t{kThreads} * kEach);
  for (const auto& of_thread : kept) {
    for (const auto& [index, bytes] : of_thread) EXPECT_EQ(entries[index], bytes);
  }
}

TEST_F(LedgerTest, ClosedLedgerTakesNothing) {
  const auto ledger = open_folder();
  ASSERT_TRUE(ledger->close());
  EXPECT_EQ(ledger->append(entry(0)).error().kind(), ErrorKind::unavailable);
}

TEST_F(LedgerTest, EntryOfAnySizeFitsOrIsRefused) {
  const auto ledger = open_folder();
  EXPECT_TRUE(ledger->append({}));
  EXPECT_TRUE(ledger->append(Bytes(kEntrySizeMax, 'x')));
  EXPECT_EQ(ledger->append(Bytes(kEntrySizeMax + 1)).error().kind(), ErrorKind::limit);
  ASSERT_TRUE(ledger->close());
  EXPECT_EQ(verified(folder_.path()).size(), 2u);
}

TEST_F(LedgerTest, LedgerOfAnotherKeyOrOriginIsNotContinued) {
  {
    const auto ledger = open_folder();
  }
  auto other = Ledger::open(std::make_unique<LocalFiles>(folder_.path()), kOrigin, signer_of(2));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind(), ErrorKind::denied);
  other = Ledger::open(std::make_unique<LocalFiles>(folder_.path()), "other", signer_of(1));
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind(), ErrorKind::conflict);
}

TEST_F(LedgerTest, LostCheckpointIsNotAnEmptyLedger) {
  {
    const auto ledger = open_folder();
    ASSERT_TRUE(ledger->append(entry(0)));
  }
  ASSERT_TRUE(std::filesystem::remove(folder_.path() / "checkpoint"));
  const auto ledger =
      Ledger::open(std::make_unique<LocalFiles>(folder_.path()), kOrigin, signer_of(1));
  ASSERT_FALSE(ledger);
  EXPECT_EQ(ledger.error().kind(), ErrorKind::corrupt);
}

TEST_F(LedgerTest, ErrorOfTheDiskIsToldAndNotTheEnd) {
  for (std::uint64_t at = 1; at < 8; ++at) {
    for (const Partly partly : {Partly::nothing, Partly::all, Partly::first, Partly::last}) {
      Disk disk;
      std::map<std::uint64_t, Bytes> acknowledged;
      {
        const auto ledger =
            open(std::make_unique<CrashingFiles>(disk, at, partly, CrashingFiles::Then::go_on),
                 {.checkpoint_delay = std::chrono::milliseconds(0)});
        for (std::uint64_t i = 0; i < 12; ++i) {
          const auto index = ledger->append(entry(i));
          if (index) acknowledged[*index] = entry(i);
        }
        EXPECT_GE(acknowledged.size(), 11u);
      }
      const TemporaryDirectory copy = TemporaryDirectory::create("ledger-test").value();
      ASSERT_TRUE(disk.write_to(copy.path()));
      const std::vector<Bytes> entries = verified(copy.path());
      for (const auto& [index, bytes] : acknowledged) {
        ASSERT_LT(index, entries.size());
        EXPECT_EQ(entries[index], bytes);
      }
    }
  }
}

class LedgerCrashTest : public LedgerTest {
 protected:
  struct Outcome {
    bool crashed = false;
    std::map<std::uint64_t, Bytes> acknowledged;
    SignedCheckpoint signed_;
  };

  // A ledger that is about to fill its first tiles.
  static std::map<std::string, Bytes> almost_full() {
    Disk disk;
    const auto ledger =
        Ledger::open(std::make_unique<CrashingFiles>(disk), kOrigin, signer_of(1)).value();
    for (std::uint64_t i = 0; i < 240; ++i) (void)ledger->submit(entry(i)).value();
    EXPECT_TRUE(ledger->close());
    return disk.files();
  }

  // Groups of five until the disk is gone, or forty are in.
  static Outcome work(Disk& disk, std::uint64_t at, Partly partly) {
    Outcome out;
    auto opened =
        Ledger::open(std::make_unique<CrashingFiles>(disk, at, partly), kOrigin, signer_of(1),
                     {.checkpoint_delay = std::chrono::milliseconds(0), .journal_size_max = 400});
    if (!opened) {
      out.crashed = true;
      return out;
    }
    const auto ledger = std::move(*opened);
    for (int group = 0; group < 8 && !out.crashed; ++group) {
      std::vector<Ledger::Ticket> tickets;
      std::vector<Bytes> entries;
      for (int i = 0; i < 5; ++i) {
        entries.push_back(entry(1000 + static_cast<std::uint64_t>(group * 5 + i)));
        tickets.push_back(ledger->submit(entries.back()).value());
      }
      for (std::size_t i = 0; i < 5; ++i) {
        const auto index = tickets[i].wait();
        if (index) out.acknowledged[*index] = entries[i];
        out.crashed = out.crashed || !index;
      }
      out.signed_ = ledger->checkpoint();
    }
    out.crashed = !ledger->close() || out.crashed;
    return out;
  }

  static void expect_all_there(const Disk& disk, const Outcome& before, const std::string& when) {
    SCOPED_TRACE(when);
    const TemporaryDirectory copy = TemporaryDirectory::create("ledger-crash").value();
    ASSERT_TRUE(disk.write_to(copy.path()));
    std::vector<verify::Remembered> seen;
    if (!before.signed_.text.empty()) {
      seen.push_back({"whoever saw it", before.signed_.size, before.signed_.root});
    }
    const std::vector<Bytes> entries = verified(copy.path(), seen);
    ASSERT_GE(entries.size(), 240u);
    for (const auto& [index, bytes] : before.acknowledged) {
      ASSERT_LT(index, entries.size());
      EXPECT_EQ(entries[index], bytes);
    }
  }
};

TEST_F(LedgerCrashTest, NothingAcknowledgedIsMissingWhereverItEnds) {
  const std::map<std::string, Bytes> start = almost_full();
  std::uint64_t crashes = 0;
  for (const Partly partly : {Partly::nothing, Partly::all, Partly::first, Partly::last}) {
    for (std::uint64_t at = 0;; ++at) {
      Disk disk;
      disk.set(start);
      const Outcome before = work(disk, at, partly);
      if (!before.crashed) break;
      ++crashes;
      const std::map<std::string, Bytes> crashed = disk.files();
      const std::string when = fmt::format("call {}, {}", at, static_cast<int>(partly));
      // The next start may crash as well, in its own first calls.
      for (const std::uint64_t again : {std::uint64_t{at % 5}, CrashingFiles::kNever}) {
        disk.set(crashed);
        if (again != CrashingFiles::kNever) {
          (void)Ledger::open(std::make_unique<CrashingFiles>(disk, again, partly), kOrigin,
                             signer_of(1));
        }
        {
          const auto ledger = open(std::make_unique<CrashingFiles>(disk));
        }
        expect_all_there(disk, before, when);
      }
    }
  }
  EXPECT_GT(crashes, 60u);
}

TEST_F(LedgerCrashTest, NothingAcknowledgedIsMissingAfterAKill) {
  std::uint64_t acknowledged = 0;
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto ledger =
          Ledger::open(std::make_unique<LocalFiles>(folder_.path()), kOrigin, signer_of(1),
                       {.checkpoint_delay = std::chrono::milliseconds(1)});
      while (ledger) {
        std::vector<Ledger::Ticket> tickets;
        for (int k = 0; k < 50; ++k) {
          tickets.push_back((*ledger)->submit(to_bytes("said by a child")).value());
        }
        const std::uint64_t last = tickets.back().wait().value();
        if (::write(ends[1], &last, sizeof last) != sizeof last) break;
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    std::uint64_t last = 0;
    for (int i = 0; i < 3 + round * 2; ++i) {
      ASSERT_EQ(::read(ends[0], &last, sizeof last), static_cast<ssize_t>(sizeof last));
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    // What was written to the pipe before the end was acknowledged, too.
    while (::read(ends[0], &last, sizeof last) == static_cast<ssize_t>(sizeof last)) {
    }
    ::close(ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);
    EXPECT_GT(last, acknowledged);
    acknowledged = last;
    {
      const auto ledger = open_folder();
    }
    EXPECT_GT(verified(folder_.path()).size(), acknowledged);
  }
}

}  // namespace
}  // namespace bulkhead::ledger
