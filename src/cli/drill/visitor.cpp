#include "cli/drill/visitor.h"

#include <fmt/format.h>

#include "supervisor/estate/layout.h"
#include "supervisor/gateway/configuration.h"

namespace bulkhead::cli::drill {
namespace {

constexpr int kRedirectsMax = 5;

http::ClientOptions client_options(const supervisor::Estate& estate,
                                   std::chrono::milliseconds patience) {
  const supervisor::GatewayConfig& gateway = estate.gateway;
  const std::string address = gateway.address == "0.0.0.0" ? "127.0.0.1" : gateway.address;
  return {.ca_certificate_file = supervisor::Layout(estate.folder).ca_certificate(),
          .connect_to = fmt::format("{}:{}", address, gateway.https_port),
          .timeout = patience};
}

}  // namespace

bool is_sealed(const Page& page) {
  return page.status == 503 && page.refusal == supervisor::kSealedRefusal;
}

Visitor::Visitor(const supervisor::Estate& estate, std::chrono::milliseconds patience)
    : estate_(estate), client_(client_options(estate, patience)) {}

Result<Page> Visitor::get(const std::string& host, const std::string& path,
                          const std::string& language) {
  http::ClientRequest request{.url = estate_.https_origin(host) + path};
  request.headers.set("Accept", "text/html");
  request.headers.set("Accept-Language", language);
  const http::ClientResponse response = TRY(client_.send(request));
  return Page{
      .status = response.status,
      .body = response.body,
      .location = std::string(response.headers.find("Location").value_or("")),
      .refusal = std::string(response.headers.find(supervisor::kRefusalHeader).value_or(""))};
}

Result<std::string> Visitor::find_front_page(const std::string& host) {
  std::string path = "/";
  const std::string origin = estate_.https_origin(host);
  for (int i = 0; i < kRedirectsMax; ++i) {
    const Page page = TRY(get(host, path));
    if (page.status == 200) return path;
    if (page.status < 300 || page.status > 399) {
      return fail(ErrorKind::unavailable,
                  fmt::format("https://{}{} is answered {}", host, path, page.status));
    }
    path = page.location.starts_with(origin) ? page.location.substr(origin.size()) : page.location;
  }
  return fail(ErrorKind::unavailable, fmt::format("https://{}/ redirects without end", host));
}

}  // namespace bulkhead::cli::drill
