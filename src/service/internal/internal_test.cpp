#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "service/internal/audit_socket.h"
#include "service/internal/command_line.h"
#include "service/internal/metrics.h"
#include "service/internal/templates.h"

namespace bulkhead::service::internal {
namespace {

using testing::HasSubstr;

Result<CommandLine> parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "bulkhead-test");
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  return parse_command_line(static_cast<int>(pointers.size()), pointers.data());
}

TEST(CommandLine, TakesTheOptionsOfTheContract) {
  const auto line = parse(
      {"--socket", "/run/s", "--data=/data", "--config", "/c.toml", "--audit-socket", "/run/a"});
  ASSERT_TRUE(line) << line.error().message();
  EXPECT_EQ(line->socket, "/run/s");
  EXPECT_EQ(line->data, "/data");
  EXPECT_EQ(line->config, "/c.toml");
  EXPECT_EQ(line->audit_socket, "/run/a");
}

TEST(CommandLine, SaysWhatIsWrong) {
  EXPECT_EQ(parse({"--data", "/data"}).error().message(), "--socket is missing");
  EXPECT_EQ(parse({"--socket", "/s"}).error().message(), "--data is missing");
  EXPECT_EQ(parse({"--socket"}).error().message(), "--socket needs a path");
  EXPECT_EQ(parse({"--sockets", "/s"}).error().message(), "there is no option --sockets");
  EXPECT_TRUE(parse({"--help"})->help);
}

class AuditSocketTest : public testing::Test {
 protected:
  FileDescriptor listen() {
    FileDescriptor listener(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof(address.sun_path) - 1);
    EXPECT_EQ(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    return listener;
  }
  static std::string receive(const FileDescriptor& listener) {
    std::string event(kAuditEventSizeMax + 1, '\0');
    const ssize_t size = ::recv(listener.get(), event.data(), event.size(), 0);
    event.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return event;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::create("audit-test").value();
  const Path path_ = folder_.path() / "audit.sock";
  ManualClock clock_{from_rfc3339("2020-09-30T06:15:00Z").value()};
  AuditSocket audit_{"gisis", path_, clock_};
  http::Request request_;
};

TEST_F(AuditSocketTest, SendsAnEventAsOneJsonObject) {
  const FileDescriptor listener = listen();
  request_.request_id = "r-1";
  request_.client_address = "192.0.2.7";
  request_.headers.set("X-Bulkhead-Role", "member");
  audit_.record(request_, "import.ships", Outcome::refused, {{"rows", 3}});
  EXPECT_EQ(receive(listener),
            "{\"time\":\"2020-09-30T06:15:00Z\",\"service\":\"gisis\",\"action\":\"import.ships\","
            "\"outcome\":\"refused\",\"request_id\":\"r-1\",\"client_address\":\"192.0.2.7\","
            "\"role\":\"member\",\"details\":{\"rows\":3}}");
  EXPECT_EQ(audit_.sent(), 1U);
}

TEST_F(AuditSocketTest, LeavesOutDetailsThatAreTooLong) {
  const FileDescriptor listener = listen();
  audit_.record(request_, "import.ships", Outcome::success,
                {{"text", std::string(kAuditEventSizeMax, 'x')}});
  EXPECT_THAT(receive(listener), HasSubstr("\"details_left_out\":true"));
}

TEST_F(AuditSocketTest, CountsWhatNobodyTakesAndGoesOn) {
  audit_.record(request_, "a", Outcome::success, {});
  EXPECT_EQ(audit_.dropped(), 1U);
  const FileDescriptor listener = listen();
  audit_.record(request_, "b", Outcome::success, {});
  EXPECT_EQ(audit_.sent(), 1U);
  // Nobody reads: the socket's queue fills up, and no call may wait for it.
  for (int i = 0; i < 10'000; ++i) audit_.record(request_, "c", Outcome::success, {});
  EXPECT_GT(audit_.dropped(), 1U);
}

TEST(Metrics, CountsIntoEveryBucketThatIsWideEnough) {
  Metrics metrics("a\"b");
  metrics.record("/en", "GET", 200, std::chrono::milliseconds(3));
  metrics.record("/en", "GET", 200, std::chrono::seconds(7));
  const std::string text = metrics.text(4, 5);
  const std::string labels = "{service=\"a\\\"b\",route=\"/en\"";
  EXPECT_THAT(text, HasSubstr("bulkhead_request_seconds_bucket" + labels + ",le=\"0.0025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("bulkhead_request_seconds_bucket" + labels + ",le=\"0.005\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("bulkhead_request_seconds_bucket" + labels + ",le=\"+Inf\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("bulkhead_request_seconds_count" + labels + "} 2\n"));
  EXPECT_THAT(text, HasSubstr("bulkhead_request_seconds_sum" + labels + "} 7.003"));
  EXPECT_THAT(text, HasSubstr("result=\"dropped\"} 5\n"));
}

class TemplatesTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string_view name :
         {"messages/en.toml", "messages/fr.toml", "messages/es.toml", "messages/ar.toml",
          "messages/zh.toml", "messages/ru.toml"}) {
      texts_.push_back({name, "[a]\nhello = 'Hello & welcome'\n"});
    }
    messages_ = Catalogue::load({texts_}).value();
  }
  Result<Templates> load(std::vector<EmbeddedFile> files) {
    files_ = std::move(files);
    return Templates::load({files_}, messages_);
  }

  std::vector<EmbeddedFile> texts_;
  std::vector<EmbeddedFile> files_;
  Catalogue messages_;
};

TEST_F(TemplatesTest, RenderTextsValuesListsAndPartials) {
  const auto templates = load(
      {{"templates/list.mustache",
        "{{t.a.hello}} {{#items}}{{>item}}{{/items}}{{^items}}none{{/items}}{{#empty}}!{{/empty}}"},
       {"templates/item.mustache", "<{{name}} {{{html}}} {{number}}>"}});
  ASSERT_TRUE(templates) << templates.error().message();
  const json::Array items = {
      json::Object{{"name", "a<b"}, {"html", "<i>"}, {"number", 3}},
      json::Object{{"name", "c"}, {"html", ""}, {"number", std::uint64_t{7}}}};
  EXPECT_EQ(templates->render(Language::en, "list", {{"items", items}, {"empty", ""}}),
            "Hello &amp; welcome <a&lt;b <i> 3><c  7>");
  EXPECT_EQ(templates->render(Language::en, "list", {{"items", json::Array{}}}),
            "Hello &amp; welcome none");
}

TEST_F(TemplatesTest, AreRefusedWithTheReason) {
  EXPECT_THAT(load({{"templates/x.mustache", "{{#open}}"}}).error().message(), HasSubstr("x: "));
  EXPECT_THAT(load({{"templates/x.mustache", "{{t.a.none}}"}}).error().message(),
              HasSubstr("x: no text named a.none"));
  EXPECT_THAT(load({{"templates/x.mustache", "{{>none}}"}}).error().message(),
              HasSubstr("x: no template named none"));
}

}  // namespace
}  // namespace bulkhead::service::internal
