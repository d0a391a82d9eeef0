#include "supervisor/recovery/outside_probe.h"

#include <thread>

#include <fmt/format.h>

#include "http/client.h"

namespace bulkhead::supervisor {
namespace {

constexpr int kRedirectsMax = 5;
constexpr std::chrono::milliseconds kProbeTimeout{10'000};
// The gateway finds out by its own health check, once a second, that an instance has come.
constexpr std::chrono::milliseconds kGatewayNoticesMax{5'000};
constexpr std::chrono::milliseconds kAskAgainAfter{100};
constexpr int kServiceUnavailable = 503;

}  // namespace

Result<ProbeResult> OutsideProbe::ask(const std::string& host, const std::string& pass) const {
  const GatewayConfig& gateway = supervisor_.estate().gateway;
  const std::string address = gateway.address == "0.0.0.0" ? "127.0.0.1" : gateway.address;
  http::Client client({.ca_certificate_file = supervisor_.layout().ca_certificate(),
                       .connect_to = fmt::format("{}:{}", address, gateway.https_port),
                       .timeout = kProbeTimeout});
  const std::string origin = supervisor_.estate().https_origin(host);
  const SteadyTime start = std::chrono::steady_clock::now();

  http::ClientRequest request{.url = origin + "/"};
  request.headers.set("Accept", "text/html");
  if (!pass.empty()) request.headers.set("Authorization", "Bearer " + pass);
  ProbeResult result;
  while (true) {
    const http::ClientResponse response = TRY_CONTEXT(client.send(request), "probing " + host);
    result.status = response.status;
    result.bytes = response.body.size();
    const auto location = response.headers.find("Location");
    if (response.status < 300 || response.status > 399 || !location) break;
    if (++result.redirects > kRedirectsMax) {
      return fail(ErrorKind::unavailable,
                  fmt::format("probing {}: it redirects more than {} times", host, kRedirectsMax));
    }
    // A probe stays with the service: another host would tell nothing about it.
    std::string target(*location);
    if (target.starts_with('/')) target = origin + target;
    if (!target.starts_with(origin + "/")) break;
    request.url = std::move(target);
  }
  result.took = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - start);
  return result;
}

Result<ProbeResult> OutsideProbe::need_page(const std::string& host,
                                            const std::string& pass) const {
  const SteadyTime until = std::chrono::steady_clock::now() + kGatewayNoticesMax;
  ProbeResult result = TRY(ask(host, pass));
  while (result.status == kServiceUnavailable && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(kAskAgainAfter);
    result = TRY(ask(host, pass));
  }
  if (result.status == 200 && result.bytes > 0) return result;
  return fail(ErrorKind::unavailable,
              fmt::format("a visitor of https://{}/ is answered {} with {} bytes, not a page", host,
                          result.status, result.bytes));
}

}  // namespace bulkhead::supervisor
