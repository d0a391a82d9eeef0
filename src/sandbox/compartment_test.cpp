// How a compartment begins, stops, freezes and ends. What it cannot do from inside is proven in
// boundary_test.cpp.
#include "sandbox/compartment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file.h"

namespace bulkhead::sandbox {
namespace {

using namespace std::chrono_literals;

class CompartmentTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.emplace(*TemporaryDirectory::create("compartment"));
    for (const char* const name : {"data", "run"}) {
      ASSERT_TRUE(make_directories(folder_->path() / name));
    }
    log_ = *open_file(folder_->path() / "log", O_RDWR | O_CREAT | O_APPEND, 0644);
  }

  Policy policy(std::vector<std::string> command) const {
    return {.name = "trial",
            .command = std::move(command),
            .data_directory = folder_->path() / "data",
            .socket_directory = folder_->path() / "run"};
  }
  std::string log_text() const { return *read_text_file(folder_->path() / "log", 1 << 20); }

  std::optional<TemporaryDirectory> folder_;
  FileDescriptor log_;
};

TEST_F(CompartmentTest, RunsTheCommandAndAnswersItsExitStatus) {
  auto compartment = Compartment::start(
      policy({"/usr/bin/sh", "-c", "pwd; hostname; id -un; exit 7"}), log_.get());
  ASSERT_TRUE(compartment) << compartment.error().message();
  EXPECT_EQ(compartment->wait().code, 7) << log_text();
  EXPECT_EQ(log_text(), "/data\ntrial\nservice\n");
}

}  // namespace
}  // namespace bulkhead::sandbox
