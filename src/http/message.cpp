#include "http/message.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/names.h"
#include "base/text.h"
#include "http/url.h"

namespace bulkhead::http {
namespace {

bool equal_without_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

constexpr Named<Method> kMethods[] = {
    {Method::get, "GET"},         {Method::head, "HEAD"},   {Method::post, "POST"},
    {Method::put, "PUT"},         {Method::patch, "PATCH"}, {Method::del, "DELETE"},
    {Method::options, "OPTIONS"},
};

}  // namespace

std::string_view name_of(Method method) { return name_in(kMethods, method); }
std::optional<Method> method_from(std::string_view name) { return value_in(kMethods, name); }

void Headers::add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
  std::erase_if(entries_, [&](const auto& entry) { return equal_without_case(entry.first, name); });
  add(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (equal_without_case(key, name)) return value;
  }
  return std::nullopt;
}

void Parameters::add(std::string name, std::string value) {
  entries_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> Parameters::find(std::string_view name) const {
  for (const auto& [key, value] : entries_) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::string Parameters::get(std::string_view name, std::string_view otherwise) const {
  return std::string(find(name).value_or(otherwise));
}

std::vector<std::string> Parameters::all_of(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : entries_) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string Parameters::encode() const {
  std::string out;
  for (const auto& [name, value] : entries_) {
    if (!out.empty()) out += '&';
    out += percent_encode(name);
    out += '=';
    out += percent_encode(value);
  }
  return out;
}

Result<Bytes> read_body(BodyReader& body, std::size_t limit) {
  constexpr std::size_t kStep = 64 * 1024;
  const auto too_long = [&] {
    return fail(ErrorKind::limit, fmt::format("the body is longer than {} bytes", limit));
  };
  const std::uint64_t announced = body.announced_length().value_or(0);
  if (announced > limit) return too_long();
  Bytes out;
  while (true) {
    const std::size_t before = out.size();
    // One byte more than announced, so that the end is seen without growing again.
    const std::size_t step = before == 0 && announced > 0 ? announced + 1 : kStep;
    out.resize(before + step);
    const std::size_t got = TRY(body.read(MutableByteView(out).subspan(before)));
    out.resize(before + got);
    if (out.size() > limit) return too_long();
    if (got == 0) return out;
  }
}

Result<std::size_t> MemoryBody::read(MutableByteView out) {
  const std::size_t count = std::min(out.size(), content_.size() - read_);
  std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(read_), count, out.begin());
  read_ += count;
  return count;
}

std::optional<std::string_view> Request::cookie(std::string_view name) const {
  for (const auto& [header, value] : headers.all()) {
    if (!equal_without_case(header, "cookie")) continue;
    for (const std::string_view pair : split(value, ';')) {
      const auto parts = split_once(trim(pair), '=');
      if (parts && parts->first == name) return parts->second;
    }
  }
  return std::nullopt;
}

Response Response::html(std::string body, int status) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  return response;
}

Response Response::text(std::string body, int status) {
  Response response{.status = status, .body = std::move(body)};
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  return response;
}

Response Response::json(const json::Value& value, int status) {
  Response response{.status = status, .body = json::write(value)};
  response.headers.add("Content-Type", "application/json");
  return response;
}

Response Response::redirect(std::string location, int status) {
  Response response{.status = status};
  response.headers.add("Location", std::move(location));
  return response;
}

std::string_view phrase_of(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "";
  }
}

Result<json::Value> read_json(Request& request, std::size_t limit) {
  const Bytes body = TRY(read_body(*request.body, limit));
  auto value = json::parse(as_text(body));
  // To the parser the text is corrupt; of a request it is the client's mistake.
  if (!value) return fail(ErrorKind::invalid, "the body is not JSON: " + value.error().message());
  return std::move(*value);
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return 404;
    case ErrorKind::corrupt: return 500;
    case ErrorKind::denied: return 403;
    case ErrorKind::conflict: return 409;
    case ErrorKind::invalid: return 400;
    case ErrorKind::limit: return 413;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::io: return 500;
    case ErrorKind::internal: return 500;
  }
  return 500;
}

Response problem(const Error& error, const Request& request) {
  const int status = status_of(error.kind());
  if (status != 500) {
    Response response = problem(status, error.message(), request);
    if (status == 503) response.headers.set("Retry-After", "5");
    return response;
  }
  log::error("request failed", {{"request_id", request.request_id},
                                {"path", request.path},
                                {"kind", std::string(name_of(error.kind()))},
                                {"error", error.message()}});
  return problem(status, "Something went wrong here. The log names it by this request id.",
                 request);
}

Response problem(int status, std::string_view detail, const Request& request) {
  Response response = Response::json(json::Object{{"type", "about:blank"},
                                                  {"title", std::string(phrase_of(status))},
                                                  {"status", status},
                                                  {"detail", std::string(detail)},
                                                  {"request_id", request.request_id}},
                                     status);
  response.headers.set("Content-Type", "application/problem+json");
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace bulkhead::http
