#include "http/router.h"

#include <algorithm>

#include "base/text.h"

namespace bulkhead::http {
namespace {

struct Segment {
  enum class Kind { literal, one, rest } kind;
  std::string text;  // the literal, or the value's name
};

struct Route {
  Method method;
  std::string pattern;
  std::vector<Segment> segments;
  std::size_t literals = 0;
  Handler handler;
};

// A '/' at the end makes no difference to routing.
std::vector<std::string_view> segments_of(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return {};
  return split(path, '/');
}

Segment parse_segment(std::string_view text) {
  if (!text.starts_with('{') || !text.ends_with('}')) {
    return {Segment::Kind::literal, std::string(text)};
  }
  text = text.substr(1, text.size() - 2);
  if (text.ends_with("...")) {
    return {Segment::Kind::rest, std::string(text.substr(0, text.size() - 3))};
  }
  return {Segment::Kind::one, std::string(text)};
}

bool matches(const Route& route, const std::vector<std::string_view>& path) {
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const Segment& segment = route.segments[i];
    // The rest is not empty: "/read/{path...}" does not answer for "/read".
    if (i >= path.size()) return false;
    if (segment.kind == Segment::Kind::rest) return true;
    if (segment.kind == Segment::Kind::literal && segment.text != path[i]) return false;
  }
  return path.size() == route.segments.size();
}

void bind(const Route& route, const std::vector<std::string_view>& path, Request& request) {
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const Segment& segment = route.segments[i];
    if (segment.kind == Segment::Kind::one) {
      request.path_values[segment.text] = std::string(path[i]);
    } else if (segment.kind == Segment::Kind::rest) {
      const char* begin = path[i].data();
      const char* end = path.back().data() + path.back().size();
      request.path_values[segment.text] = std::string(begin, end);
    }
  }
}

bool serves(Method route, Method request) {
  return route == request || (route == Method::get && request == Method::head);
}

}  // namespace

struct Router::State {
  std::vector<Route> routes;  // those with more literal segments first
  std::function<Response(const Error&, Request&)> error_page;
};

Router::Router() : state_(std::make_unique<State>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;

void Router::add(Method method, std::string pattern, Handler handler) {
  Route route{.method = method, .pattern = pattern, .segments = {}, .handler = std::move(handler)};
  for (const std::string_view text : segments_of(pattern)) {
    route.segments.push_back(parse_segment(text));
    if (route.segments.back().kind == Segment::Kind::literal) ++route.literals;
  }
  // Of the same number of literals, the pattern whose literals stand further in front wins, and
  // one segment wins over the rest; what is equal stays in the order of adding.
  const auto before = [](const Route& a, const Route& b) {
    if (a.literals != b.literals) return a.literals > b.literals;
    return std::lexicographical_compare(
        a.segments.begin(), a.segments.end(), b.segments.begin(), b.segments.end(),
        [](const Segment& x, const Segment& y) { return x.kind < y.kind; });
  };
  const auto at = std::upper_bound(state_->routes.begin(), state_->routes.end(), route, before);
  state_->routes.insert(at, std::move(route));
}

void Router::set_error_page(std::function<Response(const Error&, Request&)> page) {
  state_->error_page = std::move(page);
}

Response Router::handle(Request& request) const {
  const std::vector<std::string_view> path = segments_of(request.path);
  std::string allowed;
  for (const Route& route : state_->routes) {
    if (!matches(route, path)) continue;
    if (serves(route.method, request.method)) {
      bind(route, path, request);
      request.route = route.pattern;
      return route.handler(request);
    }
    const std::string name(name_of(route.method));
    if (allowed.find(name) != std::string::npos) continue;
    allowed += (allowed.empty() ? "" : ", ") + name;
    if (route.method == Method::get) allowed += ", HEAD";
  }
  if (allowed.empty()) {
    const Error error(ErrorKind::not_found, "there is nothing at " + request.path);
    return state_->error_page ? state_->error_page(error, request) : problem(error, request);
  }
  const Error error(ErrorKind::denied,
                    std::string(name_of(request.method)) + " is not possible at " + request.path);
  Response response = state_->error_page ? state_->error_page(error, request)
                                         : problem(405, error.message(), request);
  response.status = 405;
  response.headers.set("Allow", allowed);
  return response;
}

}  // namespace bulkhead::http
