// Routes by method and path pattern. "/ships/{imo}" binds one segment, "/read/{path...}" the rest.
// More literal segments win over fewer. HEAD is answered by GET's handler; an unknown path is 404,
// a known path with another method 405 with Allow. Build it first, then share it: const use is
// thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "http/message.h"

namespace bulkhead::http {

using Handler = std::function<Response(Request&)>;

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  void add(Method method, std::string pattern, Handler handler);
  void get(std::string pattern, Handler handler) {
    add(Method::get, std::move(pattern), std::move(handler));
  }
  void post(std::string pattern, Handler handler) {
    add(Method::post, std::move(pattern), std::move(handler));
  }
  // Pages are made of the same 404 and 405 that APIs get as problem+json.
  void set_error_page(std::function<Response(const Error&, Request&)> page);
  Response handle(Request& request) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace bulkhead::http
