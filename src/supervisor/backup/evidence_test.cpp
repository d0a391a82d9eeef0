// Evidence of a dataset in which an attacker has made files unreadable. Root reads everything:
// these tests run as nobody, in a process of their own.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervisor/backup/backup.h"
#include "supervisor/backup/dataset_snapshots.h"
#include "supervisor/fake_supervisor.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr uid_t kNobody = 65534;

Estate estate() {
  Estate estate{.name = "imo"};
  ServiceConfig service;
  service.name = "website";
  estate.services.push_back(service);
  return estate;
}

struct Scene {
  void write(const std::string& name) const {
    const Path path = dataset / name;
    ASSERT_TRUE(make_directories(path.parent_path()));
    ASSERT_TRUE(write_file_atomic(path, as_bytes("content of " + name)));
  }
  EvidenceOutcome preserve() {
    Backups backups(
        supervisor, vault, [](const analysis::Indicator&) {},
        [](const std::string&, WallTime, WallTime) { return false; });
    Result<EvidenceOutcome> outcome = backups.preserve("website", "2020-09-30-1", nullptr);
    EXPECT_TRUE(outcome) << outcome.error().message();
    return outcome ? std::move(*outcome) : EvidenceOutcome{};
  }
  analysis::Listing listing(const repository::Snapshot& snapshot) {
    return listing_of(*vault.open().value(), snapshot).value();
  }

  TemporaryDirectory folder = TemporaryDirectory::create("evidence").value();
  ManualClock clock{from_rfc3339("2020-09-30T06:00:00Z").value()};
  FakeSupervisor supervisor{estate(), folder.path(), clock};
  Path dataset = supervisor.layout().generation("website", "g1");
  VaultConnection vault{
      [this](const std::stop_token&) -> Result<std::unique_ptr<repository::Repository>> {
        auto backend = TRY(storage::open_backend((folder.path() / "vault").string(), {}));
        repository::InitOptions init;
        init.scrypt_n = 16;
        return repository::Repository::init(std::move(backend), "password", init,
                                            {.clock = &clock, .lock_settle = 0ms});
      }};
};

// Ends the process: with status 0 where nothing failed.
void as_nobody(const std::function<void()>& test) {
  if (::geteuid() == 0 && ::setresuid(kNobody, kNobody, kNobody) != 0) ::_exit(2);
  test();
  ::_exit(::testing::Test::HasFailure() ? 1 : 0);
}

TEST(EvidenceDeathTest, FileMadeUnreadableIsOpenedUpAndKept) {
  const auto test = [] {
    Scene scene;
    scene.write("page.md");
    scene.write("closed/secret.md");
    ASSERT_EQ(::chmod((scene.dataset / "page.md").c_str(), 0), 0);
    ASSERT_EQ(::chmod((scene.dataset / "closed/secret.md").c_str(), 0), 0);
    ASSERT_EQ(::chmod((scene.dataset / "closed").c_str(), 0), 0);
    const EvidenceOutcome outcome = scene.preserve();
    EXPECT_EQ(outcome.made_readable.size(), 3u);
    EXPECT_TRUE(outcome.unreadable.empty());
    EXPECT_EQ(scene.listing(outcome.snapshot).size(), 2u);
  };
  EXPECT_EXIT(as_nobody(test), testing::ExitedWithCode(0), "");
}

TEST(EvidenceDeathTest, FileThatStaysUnreadableIsNamedAndTheOthersAreKept) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make a file that is another's";
  const auto test = [] {
    Scene scene;
    scene.write("page.md");
    scene.write("anothers.md");
    ASSERT_EQ(::chmod((scene.dataset / "anothers.md").c_str(), 0), 0);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scene.folder.path())) {
      if (entry.path().filename() == "anothers.md") continue;
      ASSERT_EQ(::chown(entry.path().c_str(), kNobody, kNobody), 0);
    }
    ASSERT_EQ(::chown(scene.folder.path().c_str(), kNobody, kNobody), 0);
    ASSERT_EQ(::setresuid(kNobody, kNobody, kNobody), 0);
    const EvidenceOutcome outcome = scene.preserve();
    EXPECT_EQ(outcome.unreadable, std::vector<std::string>{"anothers.md"});
    EXPECT_EQ(scene.listing(outcome.snapshot).size(), 1u);
    ::_exit(::testing::Test::HasFailure() ? 1 : 0);
  };
  EXPECT_EXIT(test(), testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace bulkhead::supervisor
