// The sample estate's mail service in its compartment, and the probe that uses it: a real SMTP
// server and a real IMAP server, as the drill runs them.
#include "cli/drill/mail_probe.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sandbox/compartment.h"

namespace bulkhead::cli::drill {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class MailService : public testing::Test {
 protected:
  void SetUp() override {
    folder_.emplace(*TemporaryDirectory::create("mail"));
    for (const char* const name : {"data", "run"}) {
      ASSERT_TRUE(make_directories(folder_->path() / name));
    }
    log_ = *open_file(folder_->path() / "log", O_RDWR | O_CREAT | O_APPEND, 0644);
    auto compartment = sandbox::Compartment::start(policy(), log_.get());
    ASSERT_TRUE(compartment) << compartment.error().message();
    compartment_.emplace(std::move(*compartment));
    wait_until_ready();
  }

  sandbox::Policy policy() const {
    return {.name = "mail",
            .command = {"/config/mail/start"},
            .data_directory = folder_->path() / "data",
            .socket_directory = folder_->path() / "run",
            .read_only = {{Path(BULKHEAD_SOURCE_DIR) / "estates/imo/mail", "/config/mail"}},
            .network = sandbox::Network::loopback,
            .limits = {.processes_max = 128}};
  }

  MailProbeSettings settings() const {
    const auto password = read_probe_password(folder_->path() / "data");
    return {.smtp = {.unix_socket = folder_->path() / "run/smtp.sock"},
            .imap = {.unix_socket = folder_->path() / "run/imap.sock"},
            .password = password ? *password : ""};
  }

  // Both answer their greeting, and Dovecot has opened its delivery socket.
  void wait_until_ready() {
    const auto end = std::chrono::steady_clock::now() + 60s;
    std::string last;
    while (std::chrono::steady_clock::now() < end && !compartment_->poll()) {
      MailProbe probe(settings(), random_);
      const auto time = probe.send_and_read_back();
      if (time) return;
      last = time.error().message();
      std::this_thread::sleep_for(20ms);
    }
    FAIL() << "the mail service does not get ready: " << last << "\n" << log_text();
  }
  std::string log_text() const { return *read_text_file(folder_->path() / "log", 1 << 20); }

  // One SMTP conversation; the last answer.
  std::string converse(const std::vector<std::string>& lines) {
    auto connection = LineConnection::open(settings().smtp, 5s);
    if (!connection) return connection.error().message();
    std::string answer = *connection->read_line();
    for (const std::string& line : lines) {
      EXPECT_TRUE(connection->send_line(line));
      do {
        const auto got = connection->read_line();
        answer = got ? *got : got.error().message();
      } while (answer.size() > 3 && answer[3] == '-');
    }
    return answer;
  }

  SystemRandom random_;
  std::optional<TemporaryDirectory> folder_;
  FileDescriptor log_;
  std::optional<sandbox::Compartment> compartment_;
};

TEST_F(MailService, BringsBackEachOfManyMessagesOnKeptConnections) {
  MailProbe probe(settings(), random_);
  std::chrono::microseconds total{};
  constexpr int kMessages = 50;
  for (int i = 0; i < kMessages; ++i) {
    const auto time = probe.send_and_read_back();
    ASSERT_TRUE(time) << time.error().message() << "\n" << log_text();
    total += *time;
  }
  RecordProperty("mean_us", static_cast<int>(total.count() / kMessages));
}

TEST_F(MailService, KeepsTheProbesMessagesOutOfTheDataset) {
  MailProbe probe(settings(), random_);
  ASSERT_TRUE(probe.send_and_read_back());
  std::vector<std::string> names;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(folder_->path() / "data")) {
    names.push_back(entry.path().filename());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("mail", "probe.password", "users.passwd"));
}

TEST_F(MailService, ConnectsAnewWhereAKeptConnectionWasClosed) {
  MailProbe probe(settings(), random_);
  ASSERT_TRUE(probe.send_and_read_back());
  compartment_->stop(10s);
  compartment_.reset();
  auto again = sandbox::Compartment::start(policy(), log_.get());
  ASSERT_TRUE(again) << again.error().message();
  compartment_.emplace(std::move(*again));
  wait_until_ready();
  const auto time = probe.send_and_read_back();
  EXPECT_TRUE(time) << time.error().message();
}

TEST_F(MailService, StoresMailForItsMailboxesOnly) {
  const std::vector<std::string> start = {"EHLO probe.localhost",
                                          "MAIL FROM:<a@elsewhere.example>"};
  const auto with = [&](std::vector<std::string> more) {
    std::vector<std::string> lines = start;
    lines.insert(lines.end(), more.begin(), more.end());
    return converse(lines);
  };
  EXPECT_THAT(with({"RCPT TO:<nobody@imo.localhost>"}), testing::StartsWith("550"));
  EXPECT_THAT(with({"RCPT TO:<somebody@elsewhere.example>"}), testing::StartsWith("550"));
  EXPECT_THAT(with({"RCPT TO:<$(id)@imo.localhost>"}), testing::StartsWith("5"));
  EXPECT_THAT(with({"RSET"}), testing::StartsWith("250"));
  EXPECT_THAT(with({"RCPT TO:<council@imo.localhost>", "RCPT TO:<postmaster@imo.localhost>", "DATA",
                    "Subject: two\r\n\r\n..starts with a dot\r\n."}),
              testing::StartsWith("250"));
  for (const char* const mailbox : {"council@imo.localhost", "postmaster@imo.localhost"}) {
    const Path inbox = folder_->path() / "data/mail" / mailbox / "Maildir/new";
    std::error_code error;
    for (const auto& message : std::filesystem::directory_iterator(inbox, error)) {
      EXPECT_THAT(*read_text_file(message.path(), 1 << 16), HasSubstr("\n.starts with a dot"));
    }
    EXPECT_FALSE(error) << mailbox << ": " << error.message();
  }
}

TEST_F(MailService, RefusesAWrongPassword) {
  MailProbeSettings wrong = settings();
  wrong.password = "guessed";
  MailProbe probe(wrong, random_);
  const auto time = probe.send_and_read_back();
  ASSERT_FALSE(time);
  EXPECT_EQ(time.error().kind(), ErrorKind::denied);
  EXPECT_THAT(time.error().message(), testing::Not(HasSubstr("guessed")));
}

}  // namespace
}  // namespace bulkhead::cli::drill
