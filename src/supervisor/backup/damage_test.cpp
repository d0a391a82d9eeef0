#include "supervisor/backup/damage.h"

#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

using repository::Mismatch;

TEST(Damage, FileThatIsStillDifferentOrMissingIsNotRecovered) {
  const Damage damage{.files = {"a", "b", "c"}};
  repository::VerifyReport report;
  EXPECT_EQ(count_recovered(damage, report), 3u);
  report.mismatches = {{"a", Mismatch::content, ""},
                       {"a", Mismatch::size, ""},
                       {"c", Mismatch::missing, ""},
                       {"elsewhere", Mismatch::content, ""}};
  EXPECT_EQ(count_recovered(damage, report), 1u) << "each file counts once, others do not";
}

TEST(Damage, FilesOfAFolderThatIsMissingAreNotRecovered) {
  const Damage damage{.files = {"pages/en/a", "pages/en/b", "pagesx"}};
  repository::VerifyReport report;
  report.mismatches = {{"pages", Mismatch::missing, ""}};
  EXPECT_EQ(count_recovered(damage, report), 1u);
}

}  // namespace
}  // namespace bulkhead::supervisor
