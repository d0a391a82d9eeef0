// A whole service inside a test, without its socket: every request passes through all that the kit
// does (headers, error pages, forms), and the answer is looked at as plain values. Only tests
// include this.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "service/service.h"

namespace bulkhead::service {

struct TestRequest {
  http::Method method = http::Method::get;
  std::string target = "/";  // with query
  http::Headers headers;
  std::string body;
};

class ServiceUnderTest {
 public:
  // `data` is the service's data folder; `configuration` the text of its TOML file.
  static Result<std::unique_ptr<ServiceUnderTest>> start(const Definition& definition,
                                                         const Setup& setup, const Path& data,
                                                         std::string_view configuration = "");
  virtual ~ServiceUnderTest() = default;
  virtual http::Response send(TestRequest request) = 0;
  // The body as text, whichever way the response holds it (body, file, stream).
  virtual std::string body_of(http::Response& response) = 0;
  // Cookies are kept between calls, as a browser does.
  http::Response get(std::string target);
  // Adds the form's token: takes it from the page at `form_page` as a browser would.
  http::Response submit(std::string form_page, std::string target,
                        const std::map<std::string, std::string>& fields);
  // The audit events so far, one JSON object each.
  virtual std::vector<std::string> audit_events() const = 0;
};

}  // namespace bulkhead::service
