#include "http/client.h"

#include <gtest/gtest.h>

#include "http/server.h"

namespace bulkhead::http {
namespace {

Response echo(Request& request) {
  if (request.path == "/problem") return problem(409, "already sealed", request);
  const Bytes body = read_body(*request.body, 1 << 20).value();
  return Response::text(std::string(name_of(request.method)) + " " + request.raw_target + " " +
                        std::string(request.headers.find("Host").value_or("")) + " " +
                        std::string(as_text(body)));
}

std::unique_ptr<Server> serve_tcp() {
  ServerOptions options;
  options.address = "127.0.0.1";
  options.threads = 2;
  return std::move(Server::start(options, echo).value());
}

TEST(Client, AsksOverTcpAndReusesTheConnection) {
  const auto server = serve_tcp();
  const std::string base = "http://127.0.0.1:" + std::to_string(server->port());
  Client client;
  const auto first = client.get(base + "/a?b=c");
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(first->status, 200);
  EXPECT_TRUE(first->body.starts_with("GET /a?b=c 127.0.0.1:"));
  EXPECT_TRUE(first->headers.find("x-request-id"));
  const auto second = client.post_json(base + "/", json::Object{{"x", 1}});
  ASSERT_TRUE(second) << second.error().message();
  EXPECT_TRUE(second->body.starts_with("POST / "));
  EXPECT_TRUE(second->body.ends_with("{\"x\":1}"));
  const auto head = client.send({.method = Method::head, .url = base + "/"});
  ASSERT_TRUE(head) << head.error().message();
  EXPECT_EQ(head->body, "");
  EXPECT_EQ(client.send({.method = Method::del, .url = base + "/d"})->body.substr(0, 9),
            "DELETE /d");
}

TEST(Client, AsksOverAUnixSocketWhateverItsPathsLength) {
  const auto folder = TemporaryDirectory::create("client");
  ASSERT_TRUE(folder);
  for (const std::size_t length : {1u, 120u}) {
    ServerOptions options;
    options.unix_socket = folder->path() / std::string(length, 'd') / "s.sock";
    ASSERT_TRUE(make_directories(options.unix_socket.parent_path()));
    options.threads = 1;
    const auto server = Server::start(options, echo);
    ASSERT_TRUE(server) << server.error().message();
    Client client({.unix_socket = options.unix_socket});
    const auto answer = client.get("http://service/readyz");
    ASSERT_TRUE(answer) << answer.error().message();
    EXPECT_EQ(answer->body, "GET /readyz service ");
  }
}

TEST(Client, ConnectsElsewhereThanTheUrlSays) {
  const auto server = serve_tcp();
  Client client({.connect_to = "127.0.0.1:" + std::to_string(server->port())});
  const auto answer = client.get("http://website.localhost:8443/en/");
  ASSERT_TRUE(answer) << answer.error().message();
  EXPECT_EQ(answer->body, "GET /en/ website.localhost:8443 ");
}

TEST(Client, RefusesAnAnswerPastItsLimit) {
  const auto server = serve_tcp();
  Client client({.body_size_max = 10});
  const auto answer =
      client.get("http://127.0.0.1:" + std::to_string(server->port()) + "/12345678901234567890");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::limit);
}

TEST(Client, SaysUnavailableWhereNobodyListensAndThatRetryMayHelp) {
  Client client({.unix_socket = "/nonexistent/s.sock"});
  const auto answer = client.get("http://service/");
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::unavailable);
  EXPECT_EQ(answer.error().retry(), Retry::may_help);
}

TEST(Client, RefusesAHeaderThatHoldsALineEnd) {
  ClientRequest request{.url = "http://127.0.0.1:1/"};
  request.headers.add("X", "a\r\nY: b");
  const auto answer = Client().send(request);
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().kind(), ErrorKind::invalid);
}

TEST(Client, TurnsAProblemIntoTheErrorItStandsFor) {
  const auto server = serve_tcp();
  const auto answer =
      Client().get("http://127.0.0.1:" + std::to_string(server->port()) + "/problem");
  ASSERT_TRUE(answer);
  const Error error = error_of(*answer);
  EXPECT_EQ(error.kind(), ErrorKind::conflict);
  EXPECT_EQ(error.message(), "already sealed");
}

}  // namespace
}  // namespace bulkhead::http
