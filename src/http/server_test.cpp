#include "http/server.h"

#include <atomic>
#include <future>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/url.h"

namespace bulkhead::http {
namespace {

using namespace std::chrono_literals;

// A client that says byte for byte what a test wants said.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  void send(std::string_view text) {
    EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void finish_sending() { ::shutdown(socket_.get(), SHUT_WR); }
  // Until `end` has come, or the peer closes.
  std::string read_until(std::string_view end) {
    std::string out;
    char piece[4096];
    while (out.find(end) == std::string::npos) {
      const ssize_t got = ::recv(socket_.get(), piece, sizeof piece, 0);
      if (got <= 0) break;
      out.append(piece, static_cast<std::size_t>(got));
    }
    return out;
  }
  std::string read_all() { return read_until("\x01never"); }

 private:
  FileDescriptor socket_;
};

class ServerTest : public testing::Test {
 protected:
  void start(Handler handler, ServerOptions options = {}) {
    options.address = "127.0.0.1";
    if (options.threads == ServerOptions{}.threads) options.threads = 4;
    auto started = Server::start(std::move(options), std::move(handler));
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  std::string ask(std::string_view request) {
    RawClient client(server_->port());
    client.send(request);
    return client.read_all();
  }
  std::unique_ptr<Server> server_;
};

Response say_path(Request& request) { return Response::text(request.path); }

TEST_F(ServerTest, AnswersAndKeepsTheConnection) {
  start(say_path);
  RawClient client(server_->port());
  client.send("GET /one HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string first = client.read_until("/one");
  EXPECT_TRUE(first.starts_with("HTTP/1.1 200 OK\r\n")) << first;
  EXPECT_NE(first.find("Content-Length: 4\r\n"), std::string::npos) << first;
  client.send("GET /two HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string second = client.read_all();
  EXPECT_TRUE(second.ends_with("/two")) << second;
  EXPECT_NE(second.find("Connection: close"), std::string::npos);
}

TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  start(say_path);
  const std::string answer = ask(
      "GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::size_t first = answer.find("\r\n\r\n/a");
  EXPECT_NE(first, std::string::npos) << answer;
  EXPECT_GT(answer.find("\r\n\r\n/b"), first);
}

TEST_F(ServerTest, AnswersARequestThatArrivesByteByByte) {
  start(say_path);
  RawClient client(server_->port());
  for (const char c : std::string("GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")) {
    client.send(std::string_view(&c, 1));
  }
  EXPECT_TRUE(client.read_all().ends_with("/slow"));
}

TEST_F(ServerTest, HeadHasTheLengthAndNoBody) {
  start(say_path);
  const std::string answer = ask("HEAD /abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(answer.find("Content-Length: 4\r\n"), std::string::npos);
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(ServerTest, ReadsBodiesWithLengthAndInChunks) {
  start([](Request& request) {
    const auto body = read_body(*request.body, 100);
    return body ? Response::text(std::string(as_text(*body))) : problem(body.error(), request);
  });
  EXPECT_TRUE(
      ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
          .ends_with("\r\n\r\nhello"));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: "
                  "close\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n")
                  .ends_with("\r\n\r\nhello"));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\nConnection: close\r\n\r\n" +
                  std::string(101, 'x'))
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, ReadsAChunkedBodyThatArrivesByteByByte) {
  start([](Request& request) {
    return Response::text(std::string(as_text(read_body(*request.body, 100).value())));
  });
  RawClient client(server_->port());
  for (const char c : std::string("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
                                  "Connection: close\r\n\r\n2\r\nhi\r\n0\r\n\r\n")) {
    client.send(std::string_view(&c, 1));
  }
  EXPECT_TRUE(client.read_all().ends_with("\r\n\r\nhi"));
}

TEST_F(ServerTest, AsksForABodyOnlyWhenTheHandlerReadsIt) {
  start([](Request& request) {
    if (request.path == "/no") return problem(403, "no", request);
    return Response::text(std::string(as_text(read_body(*request.body, 100).value())));
  });
  RawClient client(server_->port());
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_until("\r\n\r\nok").starts_with("HTTP/1.1 200 OK"));
  EXPECT_TRUE(ask("POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
                  "Expect: 100-continue\r\n\r\n")
                  .starts_with("HTTP/1.1 403 "));
}

TEST_F(ServerTest, ARefusedBodyStillLetsThePeerReadTheAnswer) {
  start([](Request& request) { return problem(403, "no", request); });
  const std::string answer = ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n" +
                                 std::string(400'000, 'x'));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 "));
}

TEST_F(ServerTest, StreamsInChunksAndUntilTheCloseForOldClients) {
  start([](Request&) {
    Response response;
    response.stream = [](BodyWriter& out) -> Result<void> {
      TRY(out.write("one,"));
      return out.write("two");
    };
    return response;
  });
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .ends_with("4\r\none,\r\n3\r\ntwo\r\n0\r\n\r\n"));
  EXPECT_TRUE(ask("GET / HTTP/1.0\r\n\r\n").ends_with("\r\n\r\none,two"));
}

TEST_F(ServerTest, AStreamThatFailsHasNoEnd) {
  start([](Request&) {
    Response response;
    response.stream = [](BodyWriter& out) -> Result<void> {
      TRY(out.write("part"));
      return fail(ErrorKind::io, "the disk");
    };
    return response;
  });
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").ends_with("4\r\npart"));
}

TEST_F(ServerTest, SendsFilesSmallAndLarge) {
  auto folder = TemporaryDirectory::create("http");
  ASSERT_TRUE(folder);
  const std::string content(3'000'000, 'f');
  ASSERT_TRUE(write_file_atomic(folder->path() / "file", as_bytes(content)));
  start([&](Request& request) {
    Response response;
    const std::uint64_t length = request.path == "/small" ? 10 : content.size() - 1;
    response.file = FileBody{open_file(folder->path() / "file", O_RDONLY).value(), 1, length};
    return response;
  });
  EXPECT_TRUE(ask("GET /small HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .ends_with("\r\n\r\n" + std::string(10, 'f')));
  EXPECT_TRUE(ask("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .ends_with("\r\n\r\n" + content.substr(1)));
}

TEST_F(ServerTest, RefusesWhatIsNotARequest) {
  start(say_path);
  EXPECT_TRUE(ask("nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("BREW / HTTP/1.1\r\nHost: a\r\n\r\n").starts_with("HTTP/1.1 501 "));
  EXPECT_TRUE(ask("GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n0\r\n\r\n")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n")
                  .starts_with("HTTP/1.1 501 "));
}

TEST_F(ServerTest, RefusesAHeaderOrBodyPastItsLimit) {
  ServerOptions options;
  options.header_size_max = 1000;
  options.body_size_max = 1000;
  start(say_path, options);
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(2000, 'x') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 431 "));
  std::string many = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 200; ++i) many += "X: yyyyyyyyyy\r\n";
  EXPECT_TRUE(ask(many + "\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(ServerTest, EndsAHeaderThatComesTooSlowly) {
  ServerOptions options;
  options.header_timeout = 1ms;
  start(say_path, options);
  RawClient client(server_->port());
  client.send("GET / HTT");
  EXPECT_TRUE(client.read_all().starts_with("HTTP/1.1 408 "));
}

TEST_F(ServerTest, ASlowHeaderTakesNoWorker) {
  ServerOptions options;
  options.threads = 1;
  start(say_path, options);
  RawClient slow(server_->port());
  slow.send("GET /slow HTTP/1.1\r\n");
  EXPECT_TRUE(
      ask("GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ends_with("/quick"));
  slow.send("Host: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(slow.read_all().ends_with("/slow"));
}

TEST_F(ServerTest, ASlowReaderOfAPageTakesNoWorker) {
  ServerOptions options;
  options.threads = 1;
  const std::string large(20'000'000, 'p');
  start(
      [&](Request& request) {
        return Response::text(request.path == "/large" ? large : request.path);
      },
      options);
  RawClient slow(server_->port());
  slow.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(
      ask("GET /quick HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").ends_with("/quick"));
  EXPECT_TRUE(slow.read_all().ends_with(large));
}

TEST_F(ServerTest, TakesAddressAndRequestIdFromTheGatewayOnlyWhenTold) {
  const auto tell = [](Request& request) {
    return Response::text(request.client_address + " " + request.request_id);
  };
  const std::string request =
      "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, 203.0.113.9\r\n"
      "X-Request-Id: abc-1\r\nConnection: close\r\n\r\n";
  ServerOptions options;
  options.trust_forwarded = true;
  start(tell, options);
  const std::string trusted = ask(request);
  EXPECT_TRUE(trusted.ends_with("\r\n\r\n203.0.113.9 abc-1")) << trusted;
  EXPECT_NE(trusted.find("X-Request-Id: abc-1\r\n"), std::string::npos);
  start(tell);
  EXPECT_NE(ask(request).find("\r\n\r\n127.0.0.1 "), std::string::npos);
}

TEST_F(ServerTest, AHandlersHeaderValueCannotBeginAnotherHeader) {
  start([](Request&) { return Response::redirect("/a\r\nSet-Cookie: evil=1"); });
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").find("\nSet-Cookie"),
            std::string::npos);
}

TEST_F(ServerTest, AnExceptionOfALibraryIsA500WithoutItsText) {
  start([](Request&) -> Response { throw std::runtime_error("secret detail"); });
  const std::string answer = ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 500 "));
  EXPECT_EQ(answer.find("secret detail"), std::string::npos);
}

TEST_F(ServerTest, StopLetsARequestUnderWayEnd) {
  std::promise<void> entered, released;
  start([&](Request&) {
    entered.set_value();
    released.get_future().wait();
    return Response::text("done");
  });
  RawClient client(server_->port());
  RawClient idle(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  entered.get_future().wait();
  std::thread stopping([&] { server_->stop(60s); });
  EXPECT_EQ(idle.read_all(), "");
  released.set_value();
  EXPECT_TRUE(client.read_all().ends_with("done"));
  stopping.join();
}

TEST_F(ServerTest, StopCutsOffWhoDoesNotReadWithinTheGrace) {
  const std::string large(50'000'000, 'p');
  start([&](Request&) { return Response::text(large); });
  RawClient client(server_->port());
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_until("\r\n\r\n");
  server_->stop(1ms);
  EXPECT_LT(client.read_all().size(), large.size());
}

TEST(UnixServer, ListensWithItsModeEvenAtALongPathAndRefusesASecondServer) {
  auto folder = TemporaryDirectory::create("http");
  ASSERT_TRUE(folder);
  const Path deep = folder->path() / std::string(90, 'd') / std::string(60, 'e');
  ASSERT_TRUE(make_directories(deep));
  ServerOptions options;
  options.unix_socket = deep / "service.sock";
  options.unix_socket_mode = 0600;
  options.threads = 1;
  {
    auto server = Server::start(options, say_path);
    ASSERT_TRUE(server) << server.error().message();
    EXPECT_EQ(std::filesystem::status(options.unix_socket).permissions(),
              std::filesystem::perms(0600));
    const auto second = Server::start(options, say_path);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind(), ErrorKind::conflict);
  }
  EXPECT_FALSE(std::filesystem::exists(options.unix_socket));
}

TEST(UnixServer, ReplacesASocketFileThatNobodyServes) {
  auto folder = TemporaryDirectory::create("http");
  ASSERT_TRUE(folder);
  ServerOptions options;
  options.unix_socket = folder->path() / "s.sock";
  options.threads = 1;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  options.unix_socket.native().copy(address.sun_path, sizeof address.sun_path - 1);
  const FileDescriptor dead(::socket(AF_UNIX, SOCK_STREAM, 0));
  ASSERT_EQ(::bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(Server::start(options, say_path));
}

}  // namespace
}  // namespace bulkhead::http
