#include "service/site.h"

#include "base/text.h"
#include "http/url.h"
#include "service/internal/site.h"
#include "service/service.h"

namespace bulkhead::service {
namespace {

// The Host header ends up in links: only what a host name and a port are made of.
bool is_host(std::string_view host) {
  constexpr std::size_t kHostMax = 255;
  if (host.empty() || host.size() > kHostMax) return false;
  return host.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") ==
         std::string_view::npos;
}

}  // namespace

Visit::Visit(const Site& site, http::Request& incoming, Language page_language)
    : request(incoming), language(page_language), site_(site) {}

std::string Visit::text(std::string_view key, const Arguments& arguments) const {
  return site_.messages().text(language, key, arguments);
}

std::string Visit::plural(std::string_view key, std::int64_t count,
                          const Arguments& arguments) const {
  return site_.messages().plural(language, key, count, arguments);
}

std::string Visit::link(std::string_view path) const {
  std::string out = "/" + std::string(code_of(language));
  if (path != "/") out += path;
  return out;
}

std::string Visit::origin() const {
  const std::string_view host = request.headers.find("Host").value_or("");
  return "https://" + std::string(is_host(host) ? host : "localhost");
}

std::string Visit::neutral_path() const {
  std::string_view path = request.path;
  const std::string_view first = path.substr(1, path.find('/', 1) - 1);
  if (language_from_code(first)) path.remove_prefix(1 + first.size());
  return path.empty() ? "/" : std::string(path);
}

bool Visit::read_only() const { return Context::is_read_only(request); }

std::string Visit::form_fields() { return site_.form_fields(*this); }

std::string Visit::render(std::string_view name, const json::Object& model) const {
  return site_.render(language, name, model);
}

http::Response Visit::page(Page page) { return site_.respond(*this, std::move(page)); }

http::Response Visit::error_page(const Error& error) { return site_.respond_error(*this, error); }

}  // namespace bulkhead::service
