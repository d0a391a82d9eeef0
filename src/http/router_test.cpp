#include "http/router.h"

#include <gtest/gtest.h>

namespace bulkhead::http {
namespace {

Response ask(const Router& router, Method method, std::string path) {
  MemoryBody body;
  Request request{.method = method, .path = std::move(path), .body = &body};
  return router.handle(request);
}

Router sample() {
  Router router;
  router.get("/read/{path...}",
             [](Request& r) { return Response::text("rest " + r.path_values["path"]); });
  router.get("/ships/{imo}",
             [](Request& r) { return Response::text("ship " + r.path_values["imo"]); });
  router.get("/ships/new", [](Request&) { return Response::text("form"); });
  router.post("/ships", [](Request&) { return Response::text("made"); });
  router.get("/", [](Request&) { return Response::text("root"); });
  return router;
}

TEST(Router, BindsSegmentsAndTheRest) {
  const Router router = sample();
  EXPECT_EQ(ask(router, Method::get, "/ships/9074729").body, "ship 9074729");
  EXPECT_EQ(ask(router, Method::get, "/read/book/a/b.html").body, "rest book/a/b.html");
  EXPECT_EQ(ask(router, Method::get, "/").body, "root");
}

TEST(Router, MoreLiteralSegmentsWin) {
  EXPECT_EQ(ask(sample(), Method::get, "/ships/new").body, "form");
}

TEST(Router, ASlashAtTheEndMakesNoDifference) {
  EXPECT_EQ(ask(sample(), Method::get, "/ships/new/").body, "form");
}

TEST(Router, HeadIsAnsweredByGet) {
  EXPECT_EQ(ask(sample(), Method::head, "/ships/new").status, 200);
}

TEST(Router, AnUnknownPathIs404AndAnotherMethod405WithAllow) {
  EXPECT_EQ(ask(sample(), Method::get, "/nowhere").status, 404);
  EXPECT_EQ(ask(sample(), Method::get, "/read").status, 404);
  const Response response = ask(sample(), Method::del, "/ships/new");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(response.headers.find("allow"), "GET, HEAD");
}

TEST(Router, ErrorPagesKeepTheStatus) {
  Router router = sample();
  router.set_error_page([](const Error& error, Request&) {
    return Response::html(error.message(), status_of(error.kind()));
  });
  EXPECT_EQ(ask(router, Method::get, "/nowhere").status, 404);
  EXPECT_EQ(ask(router, Method::get, "/nowhere").headers.find("content-type"),
            "text/html; charset=utf-8");
  EXPECT_EQ(ask(router, Method::put, "/ships").status, 405);
}

}  // namespace
}  // namespace bulkhead::http
