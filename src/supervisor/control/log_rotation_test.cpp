#include "supervisor/control/log_rotation.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace bulkhead::supervisor {
namespace {

std::string text_of(const Path& path) { return read_text_file(path, 1 << 20).value_or("absent"); }

TEST(LogRotation, LongLogsAreCopiedAndTheirWritersGoOn) {
  const auto folder = TemporaryDirectory::create("bulkhead-logs").value();
  const Path log = folder.path() / "gisis.log";
  const auto writer = open_file(log, O_WRONLY | O_CREAT | O_APPEND, 0640);
  ASSERT_TRUE(write_all(writer->get(), as_bytes("0123456789")));
  ASSERT_TRUE(write_file_atomic(folder.path() / "short.log", as_bytes("01234")));
  ASSERT_TRUE(write_file_atomic(folder.path() / "audit.jsonl", as_bytes("0123456789")));

  ASSERT_TRUE(rotate_logs(folder.path(), 5));
  ASSERT_TRUE(write_all(writer->get(), as_bytes("more than before")));
  EXPECT_EQ(text_of(log), "more than before");
  EXPECT_EQ(text_of(folder.path() / "gisis.1.log"), "0123456789");
  EXPECT_EQ(text_of(folder.path() / "short.log"), "01234");
  EXPECT_EQ(text_of(folder.path() / "audit.jsonl"), "0123456789");

  ASSERT_TRUE(rotate_logs(folder.path(), 5));
  EXPECT_EQ(text_of(folder.path() / "gisis.1.log"), "more than before");
  EXPECT_EQ(text_of(folder.path() / "gisis.1.1.log"), "absent");
}

}  // namespace
}  // namespace bulkhead::supervisor
