#include "repository/cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/text.h"

namespace bulkhead::repository {
namespace {

class CacheTest : public testing::Test {
 protected:
  void write(const Path& path, std::size_t size, int year) {
    const Path file = folder_.path() / path;
    ASSERT_TRUE(make_directories(file.parent_path()));
    ASSERT_TRUE(write_file_atomic(file, Bytes(size)));
    const auto time = from_rfc3339(std::to_string(year) + "-01-01T00:00:00Z").value();
    const timespec seconds{
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count(), 0};
    const timespec times[2] = {seconds, seconds};
    ASSERT_EQ(::utimensat(AT_FDCWD, file.c_str(), times, 0), 0);
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    const auto caches = list_caches(folder_.path());
    for (const CachedRepository& cache : *caches) {
      out.push_back(cache.id.substr(0, 1));
    }
    return out;
  }
  bool exists(const Path& path) const { return std::filesystem::exists(folder_.path() / path); }

  const TemporaryDirectory folder_ = TemporaryDirectory::create("cache").value();
  const std::string a_ = std::string(64, 'a');
  const std::string b_ = std::string(64, 'b');
  const std::string c_ = std::string(64, 'c');
};

TEST_F(CacheTest, ListsWhatWasUsedLastFirst) {
  EXPECT_TRUE(list_caches(folder_.path() / "nothing").value().empty());
  write(Path(a_) / "index.bulkhead", 100, 2019);
  write(Path(b_) / "index.bulkhead", 200, 2020);
  write(Path(b_) / ".index-17.new", 30, 2018);
  write(Path(c_) / "index" / "one of restic's", 5, 2020);
  write("not an id/index.bulkhead", 5, 2020);
  const auto caches = list_caches(folder_.path()).value();
  ASSERT_EQ(caches.size(), 2u);
  EXPECT_EQ(caches[0].id, b_);
  EXPECT_EQ(caches[0].bytes, 230u);
  EXPECT_EQ(to_rfc3339(caches[0].last_used), "2020-01-01T00:00:00Z");
  EXPECT_EQ(caches[1].id, a_);
}

TEST_F(CacheTest, RemovesOldOnesAndNothingOfOthers) {
  write(Path(a_) / "index.bulkhead", 100, 2018);
  write(Path(a_) / ".index-17.new", 30, 2017);
  write(Path(b_) / "index.bulkhead", 100, 2018);
  write(Path(b_) / "version", 1, 2018);
  write(Path(c_) / "index.bulkhead", 100, 2020);
  const auto before = from_rfc3339("2019-06-01T00:00:00Z").value();
  EXPECT_EQ(remove_old_caches(folder_.path(), before).value().size(), 2u);
  EXPECT_THAT(ids(), testing::ElementsAre("c"));
  EXPECT_FALSE(exists(a_));
  EXPECT_TRUE(exists(Path(b_) / "version"));
  EXPECT_FALSE(exists(Path(b_) / "index.bulkhead"));
  EXPECT_TRUE(remove_old_caches(folder_.path(), before).value().empty());
}

}  // namespace
}  // namespace bulkhead::repository
