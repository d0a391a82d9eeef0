#include <condition_variable>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "supervisor/watch/watcher.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;
using analysis::Indicator;
using analysis::IndicatorKind;

class DatasetUnderWatch : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 20; ++i) write("pages/en/" + std::to_string(i) + ".md", prose(i));
    write("0-canary.csv", "holder,code\n");
    options.service = "website";
    options.root = root;
    options.canaries = {"0-canary.csv"};
    options.limits = {.illegible_max = 2, .rewritten_max = 10, .removed_max = 5};
  }
  static std::string prose(int seed) {
    std::string text;
    while (text.size() < 2000) text += "Paragraph " + std::to_string(seed) + " of the report. ";
    return text;
  }
  static Bytes noise(std::uint64_t seed) {
    SeededRandom random(seed);
    return random.bytes(2000);
  }
  void write(const std::string& path, std::string_view content) {
    ASSERT_TRUE(make_directories((root / path).parent_path()));
    const FileDescriptor file =
        open_file(root / path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644).value();
    ASSERT_TRUE(write_all(file.get(), as_bytes(content)));
  }
  void write(const std::string& path, const Bytes& content) { write(path, as_text(content)); }
  std::string page(int number) { return "pages/en/" + std::to_string(number) + ".md"; }
  DatasetWatch watch() { return DatasetWatch::create(options, clock).value(); }

  TemporaryDirectory folder = TemporaryDirectory::create("watch").value();
  Path root = folder.path();
  ManualClock clock{from_rfc3339("2020-09-30T06:00:00Z").value()};
  DatasetWatchOptions options;
};

TEST_F(DatasetUnderWatch, OrdinaryWorkRaisesNothing) {
  DatasetWatch dataset = watch();
  EXPECT_EQ(dataset.files_known(), 21u);
  for (int i = 0; i < 8; ++i) write(page(i), prose(i + 100));
  write("uploads/new/report.pdf", "%PDF-1.7 " + std::string(as_text(noise(1))));
  write("site.sqlite-wal", noise(2));
  write(".quiesced/site.sqlite", noise(3));
  std::filesystem::remove(root / page(19));
  EXPECT_THAT(dataset.read_events().value(), ::testing::IsEmpty());
}

TEST_F(DatasetUnderWatch, TouchedCanaryIsSaidAtOnceAndOnce) {
  DatasetWatch dataset = watch();
  write("0-canary.csv", "changed");
  const auto found = dataset.read_events().value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, IndicatorKind::canary_touched);
  EXPECT_EQ(found[0].path, "0-canary.csv");
  write("0-canary.csv", "again");
  EXPECT_TRUE(dataset.read_events().value().empty());
}

TEST_F(DatasetUnderWatch, CanaryThatIsStillBeingWrittenIsNoticed) {
  DatasetWatch dataset = watch();
  const FileDescriptor open = open_file(root / "0-canary.csv", O_WRONLY | O_CLOEXEC).value();
  ASSERT_TRUE(write_all(open.get(), as_bytes("x")));
  EXPECT_EQ(dataset.read_events().value().size(), 1u);
}

TEST_F(DatasetUnderWatch, RemovedOrRenamedCanaryIsNoticed) {
  DatasetWatch first = watch();
  std::filesystem::rename(root / "0-canary.csv", root / "0-canary.csv.x");
  EXPECT_EQ(first.read_events().value().at(0).kind, IndicatorKind::canary_touched);
  std::filesystem::rename(root / "0-canary.csv.x", root / "0-canary.csv");
  DatasetWatch second = watch();
  std::filesystem::remove(root / "0-canary.csv");
  EXPECT_EQ(second.read_events().value().at(0).kind, IndicatorKind::canary_touched);
}

TEST_F(DatasetUnderWatch, EncryptionInPlaceIsAnEntropyJump) {
  DatasetWatch dataset = watch();
  for (int i = 0; i < 3; ++i) write(page(i), noise(static_cast<std::uint64_t>(i) + 1));
  const auto found = dataset.read_events().value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, IndicatorKind::entropy_jump);
}

TEST_F(DatasetUnderWatch, EncryptionIntoRenamedFilesIsAnEntropyJump) {
  DatasetWatch dataset = watch();
  for (int i = 0; i < 3; ++i) {
    write(page(i) + ".x7f3", noise(static_cast<std::uint64_t>(i) + 1));
    std::filesystem::remove(root / page(i));
  }
  EXPECT_EQ(dataset.read_events().value().at(0).kind, IndicatorKind::entropy_jump);
}

TEST_F(DatasetUnderWatch, RemovalOfManyIsAMassChangeAlsoByMovingTheirFolderAway) {
  DatasetWatch dataset = watch();
  const auto elsewhere = TemporaryDirectory::create("elsewhere").value();
  std::filesystem::rename(root / "pages", elsewhere.path() / "pages");
  EXPECT_EQ(dataset.read_events().value().at(0).kind, IndicatorKind::mass_change);
}

TEST_F(DatasetUnderWatch, MailThatComesAndGoesIsNoMassRemoval) {
  DatasetWatch dataset = watch();
  for (int i = 0; i < 50; ++i) {
    const std::string name = std::to_string(i) + ".msg";
    write("mail/tmp/" + name, prose(i));
    ASSERT_TRUE(make_directories(root / "mail/new"));
    std::filesystem::rename(root / "mail/tmp" / name, root / "mail/new" / name);
    ASSERT_TRUE(dataset.read_events());
    std::filesystem::remove(root / "mail/new" / name);
  }
  EXPECT_TRUE(dataset.read_events().value().empty());
  EXPECT_EQ(dataset.files_known(), 21u) << "nothing is remembered of them";
}

TEST_F(DatasetUnderWatch, FilesOfAFolderThatAppearedAreWatchedToo) {
  DatasetWatch dataset = watch();
  write("a/b/c/HOW_TO_DECRYPT.txt", "pay");
  const auto found = dataset.read_events().value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].kind, IndicatorKind::ransom_sign);
  EXPECT_EQ(found[0].path, "a/b/c/HOW_TO_DECRYPT.txt");
}

TEST_F(DatasetUnderWatch, RescanFindsWhatEventsWouldHaveTold) {
  DatasetWatch dataset = watch();
  for (int i = 0; i < 3; ++i) write(page(i), noise(static_cast<std::uint64_t>(i) + 1));
  std::filesystem::remove(root / "0-canary.csv");
  std::vector<IndicatorKind> kinds;
  const auto indicators = dataset.rescan();
  for (const Indicator& indicator : *indicators) kinds.push_back(indicator.kind);
  EXPECT_THAT(kinds, ::testing::UnorderedElementsAre(IndicatorKind::entropy_jump,
                                                     IndicatorKind::canary_touched));
}

TEST_F(DatasetUnderWatch, MissingCanaryOrFolderIsAnErrorThatNamesIt) {
  options.canaries.insert("absent.csv");
  EXPECT_EQ(DatasetWatch::create(options, clock).error().kind(), ErrorKind::not_found);
  options.canaries.clear();
  options.root = root / "absent";
  EXPECT_NE(DatasetWatch::create(options, clock).error().message().find("absent"),
            std::string::npos);
}

TEST_F(DatasetUnderWatch, WatcherHandsIndicatorsOverFromItsOwnThread) {
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Indicator> found;
  auto watcher = Watcher::start(clock, [&](const Indicator& indicator) {
                   const std::lock_guard lock(mutex);
                   found.push_back(indicator);
                   arrived.notify_all();
                 }).value();
  ASSERT_TRUE(watcher->arm(options));
  write("0-canary.csv", "changed");
  std::unique_lock lock(mutex);
  ASSERT_TRUE(arrived.wait_for(lock, 30s, [&] { return !found.empty(); }));
  EXPECT_EQ(found[0].service, "website");
}

TEST_F(DatasetUnderWatch, TwoGenerationsAreWatchedAtOnceAndNameThemselves) {
  std::vector<Indicator> found;
  auto watcher = Watcher::start(clock, [&](const Indicator& indicator) {
                   found.push_back(indicator);
                 }).value();
  options.generation = "g1";
  ASSERT_TRUE(watcher->arm(options));
  const auto restored = TemporaryDirectory::create("watch").value();
  std::filesystem::copy(root, restored.path(), std::filesystem::copy_options::recursive);
  DatasetWatchOptions clean_room = options;
  clean_room.generation = "g2";
  clean_room.root = restored.path();
  ASSERT_TRUE(watcher->arm(clean_room));
  root = restored.path();
  write("0-canary.csv", "changed");
  watcher->look("website");  // all is handed over when it returns
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].generation, "g2");
  watcher->keep_only("website", "g2");
  EXPECT_FALSE(watcher->is_armed("website", "g1"));
  EXPECT_TRUE(watcher->is_armed("website", "g2"));
}

}  // namespace
}  // namespace bulkhead::supervisor
