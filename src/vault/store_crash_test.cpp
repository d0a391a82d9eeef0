// The store is interrupted at each of its calls to the disk, one after another: what it
// acknowledged is there afterwards, and nothing else is visible than whole files.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/sha256.h"
#include "storage/file_names.h"
#include "vault/interrupted_files.h"
#include "vault/repository_store.h"

namespace bulkhead::vault {
namespace {

using storage::FileId;
using storage::FileType;

constexpr int kCallsMax = 500;
constexpr int kNever = 1'000'000;

struct File {
  FileType type;
  std::string content;
  FileId id() const {
    if (type == FileType::config) return {type, ""};
    return {type, to_hex(crypto::sha256(as_bytes(content)))};
  }
};

const std::vector<File>& files() {
  static const std::vector<File> all = {{FileType::config, "config"},
                                        {FileType::key, "key"},
                                        {FileType::lock, "lock"},
                                        {FileType::data, std::string(600'000, 'p')},
                                        {FileType::data, "another pack"},
                                        {FileType::data, "another pack"},
                                        {FileType::data, ""},
                                        {FileType::index, "index"},
                                        {FileType::snapshot, "snapshot"}};
  return all;
}

Result<SaveOutcome> save(RepositoryStore& store, const File& file) {
  std::string_view left = file.content;
  return store.save({.id = file.id(),
                     .announced_size = file.content.size(),
                     .source = [&](MutableByteView out) -> Result<std::size_t> {
                       const std::size_t count = std::min(out.size(), left.size());
                       std::copy_n(left.begin(), count, out.begin());
                       left.remove_prefix(count);
                       return count;
                     },
                     .client = "192.0.2.1"});
}

class StoreCrash : public testing::TestWithParam<Interruption> {
 protected:
  StoreCrash() : folder_(TemporaryDirectory::create("vault-crash").value()) {
    EXPECT_TRUE(store(system_files()).create());
  }

  // Its 256 folders stay.
  void remove_files() {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() / "imo")) {
      if (entry.is_regular_file()) std::filesystem::remove(entry.path());
    }
  }

  RepositoryStore store(FileLayer& layer) {
    return RepositoryStore(
        "imo", folder_.path() / "imo", {},
        Surroundings{clock_, *receive_clock_, layer, *alarms_, *orders_, whole_});
  }
  // In the child: the names of what was acknowledged go into `out`, one a line.
  void run(FileLayer& layer, int out) {
    RepositoryStore store = this->store(layer);
    if (!store.open()) return;
    for (const File& file : files()) {
      if (!save(store, file)) continue;
      (void)write_all(out, as_bytes(storage::describe(file.id()) + "\n"));
    }
  }
  // Whether the interruption came before the end, and what was acknowledged.
  std::pair<bool, std::string> run_interrupted(int call) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      InterruptedFiles layer(GetParam(), call);
      run(layer, ends[1]);
      ::_exit(0);
    }
    ::close(ends[1]);
    const FileDescriptor in(ends[0]);
    const Bytes text = read_to_end(in.get(), 1 << 20).value();
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_TRUE(WIFEXITED(status));
    return {WEXITSTATUS(status) == InterruptedFiles::kCut, std::string(as_text(text))};
  }
  void expect_only_whole_files(RepositoryStore& store) {
    for (const FileType type :
         {FileType::key, FileType::lock, FileType::data, FileType::index, FileType::snapshot}) {
      const auto present = store.list(type);
      for (const storage::FileInfo& file : *present) {
        const FileDescriptor stored = store.load({type, file.name}).value();
        EXPECT_EQ(to_hex(crypto::sha256(read_to_end(stored.get(), 1 << 20).value())), file.name);
      }
    }
    if (const auto config = store.load({FileType::config, ""})) {
      EXPECT_EQ(as_text(read_to_end(config->get(), 100).value()), "config");
    }
  }
  void expect_receipts_for(const std::string& acknowledged) {
    std::string known;
    const auto receipts = read_receipts(folder_.path() / "imo/receipts.jsonl");
    for (const Receipt& receipt : *receipts) {
      known += receipt.file + "\n";
    }
    for (const std::string_view name : split(trim(acknowledged), '\n')) {
      EXPECT_TRUE(name.starts_with("locks/") || known.find(name) != std::string::npos) << name;
    }
  }

  ManualClock clock_{WallTime(std::chrono::seconds(1'600'000'000))};
  TemporaryDirectory folder_;
  std::unique_ptr<ReceiveClock> receive_clock_ =
      ReceiveClock::open(folder_.path() / "clock.json", clock_, "boot").value();
  std::unique_ptr<Alarms> alarms_ =
      Alarms::open(folder_.path(), system_files(), Alarms::Posting::none).value();
  std::unique_ptr<Orders> orders_ =
      Orders::open(folder_.path(), system_files(), std::chrono::hours(72)).value();
  Usage whole_{UsageLimits{}};
};

TEST_P(StoreCrash, KeepsWhatItAcknowledgedAndShowsNothingHalf) {
  bool interrupted = true;
  int call = 0;
  for (; interrupted && call < kCallsMax; ++call) {
    SCOPED_TRACE(call);
    remove_files();
    std::string acknowledged;
    std::tie(interrupted, acknowledged) = run_interrupted(call);
    if (GetParam() == Interruption::disk_full) {
      interrupted = split(trim(acknowledged), '\n').size() < files().size();
    }

    // The same layer again, since it waits for no disk, and by now it interrupts nobody.
    InterruptedFiles whole(GetParam(), kNever);
    RepositoryStore after = store(whole);
    ASSERT_TRUE(after.open());
    for (const File& file : files()) {
      const bool promised =
          acknowledged.find(storage::describe(file.id()) + "\n") != std::string::npos;
      EXPECT_TRUE(!promised || after.load(file.id())) << storage::describe(file.id());
    }
    expect_only_whole_files(after);
    if (!acknowledged.empty()) expect_receipts_for(acknowledged);
    EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "imo/incoming"));
    // And it goes on where it was: the client sends all again.
    for (const File& file : files()) {
      const bool frozen = file.type == FileType::key;
      EXPECT_TRUE(save(after, file) || frozen) << storage::describe(file.id());
    }
    EXPECT_EQ(after.usage().objects, files().size() - 1);
    EXPECT_EQ(after.usage().bytes_arriving, 0u);
  }
  // Each file takes several calls; all of them were interrupted once.
  EXPECT_GT(call, 40);
  EXPECT_LT(call, kCallsMax);
}

class StoreConfirmation : public StoreCrash {};

TEST_P(StoreConfirmation, ConfirmsAFileOnlyOnceItsNameIsOnTheDisk) {
  // Another upload has put it there, and has not synced the folder yet, or could not.
  InterruptedFiles layer(GetParam(), kCallsMax);
  RepositoryStore store = this->store(layer);
  ASSERT_TRUE(store.open());
  const File& pack = files()[4];
  ASSERT_TRUE(save(store, pack));
  const int before = layer.folder_syncs();
  EXPECT_EQ(save(store, pack).value(), SaveOutcome::had_it_already);
  EXPECT_GT(layer.folder_syncs(), before);
}

INSTANTIATE_TEST_SUITE_P(Once, StoreConfirmation, testing::Values(Interruption::disk_full));

INSTANTIATE_TEST_SUITE_P(AllWays, StoreCrash,
                         testing::Values(Interruption::kill, Interruption::power_cut,
                                         Interruption::unordered_cut, Interruption::disk_full),
                         [](const auto& info) -> std::string {
                           switch (info.param) {
                             case Interruption::kill: return "Kill";
                             case Interruption::power_cut: return "PowerCut";
                             case Interruption::unordered_cut: return "UnorderedCut";
                             case Interruption::disk_full: return "DiskFull";
                           }
                           return "";
                         });

}  // namespace
}  // namespace bulkhead::vault
