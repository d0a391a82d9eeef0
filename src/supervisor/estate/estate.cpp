#include "supervisor/estate/estate.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/names.h"

namespace bulkhead::supervisor {
namespace {

constexpr Named<Exposure> kExposures[] = {{Exposure::public_, "public"},
                                          {Exposure::read_only, "read-only"},
                                          {Exposure::members, "members"},
                                          {Exposure::operators, "operators"},
                                          {Exposure::sealed, "sealed"}};
constexpr Named<IndicatorKind> kIndicators[] = {{IndicatorKind::canary, "canary"},
                                                {IndicatorKind::entropy, "entropy"},
                                                {IndicatorKind::mass_change, "mass-change"}};

}  // namespace

std::string_view name_of(Exposure exposure) { return name_in(kExposures, exposure); }
std::optional<Exposure> exposure_from(std::string_view name) { return value_in(kExposures, name); }
std::string_view name_of(IndicatorKind kind) { return name_in(kIndicators, kind); }
std::optional<IndicatorKind> indicator_kind_from(std::string_view name) {
  return value_in(kIndicators, name);
}

std::string VaultConfig::location() const { return fmt::format("rest:{}{}/", url, repository); }

const ServiceConfig* Estate::find(std::string_view service) const {
  for (const ServiceConfig& candidate : services) {
    if (candidate.name == service) return &candidate;
  }
  return nullptr;
}

Result<std::vector<std::string>> Estate::select(const std::vector<std::string>& selectors) const {
  std::vector<std::string> out;
  const auto add = [&](const std::string& name) {
    if (std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  };
  constexpr std::string_view kGroup = "group:";
  for (const std::string& selector : selectors) {
    bool found = false;
    for (const ServiceConfig& service : services) {
      const bool in_group = selector.starts_with(kGroup) && !service.group.empty() &&
                            service.group == std::string_view(selector).substr(kGroup.size());
      if (selector != "all" && selector != service.name && !in_group) continue;
      add(service.name);
      found = true;
    }
    if (found) continue;
    std::string known;
    for (const ServiceConfig& service : services) {
      known += (known.empty() ? "" : ", ") + service.name;
    }
    return fail(ErrorKind::not_found,
                fmt::format("\"{}\" is no service and no group of this estate; its services are {}",
                            selector, known));
  }
  return out;
}

std::string Estate::status_host() const { return "status." + gateway.domain; }

std::string Estate::cleanroom_host(std::string_view service) const {
  return fmt::format("{}.cleanroom.{}", service, gateway.domain);
}

std::vector<std::string> Estate::cleanroom_hosts(const ServiceConfig& service) const {
  std::vector<std::string> out = {cleanroom_host(service.name)};
  for (const std::string& host : service.hostnames) {
    const std::string below = "." + service.hostnames.front();
    if (!host.ends_with(below)) continue;
    out.push_back(host.substr(0, host.size() - below.size()) + "." + out.front());
  }
  return out;
}

std::string Estate::https_origin(std::string_view host) const {
  if (gateway.https_port == 443) return fmt::format("https://{}", host);
  return fmt::format("https://{}:{}", host, gateway.https_port);
}

}  // namespace bulkhead::supervisor
