#include "supervisor/estate/internal/parse.h"

#include <algorithm>
#include <functional>
#include <set>

#include <arpa/inet.h>
#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::supervisor {
namespace internal {
namespace {

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > 32 || text.front() < 'a' || text.front() > 'z') return false;
  return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

bool is_host_name(std::string_view text) {
  if (text.empty() || text.size() > 253) return false;
  for (const std::string_view label : split(text, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') {
      return false;
    }
    if (label.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") !=
        std::string_view::npos) {
      return false;
    }
  }
  return true;
}

bool is_one_line(std::string_view text, std::size_t size_max) {
  return !text.empty() && text.size() <= size_max && !has_control_character(text);
}

bool is_inner_path(std::string_view text) {
  if (text.empty() || text.size() > 1024 || has_control_character(text)) return false;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

Result<Text> parse_text(const config::Table& table, std::string_view key) {
  constexpr std::size_t kTextSizeMax = 500;
  const config::Table texts = TRY(table.table(key));
  Text out;
  for (const std::string_view language : kLanguages) {
    std::string text = TRY(texts.string(language));
    if (!is_one_line(text, kTextSizeMax)) {
      return std::unexpected(
          texts.error_at(language, fmt::format("must be one line of 1 to {} bytes", kTextSizeMax)));
    }
    out.emplace(language, std::move(text));
  }
  return out;
}

}  // namespace internal

namespace {

using config::Table;

constexpr std::size_t kContactSizeMax = 500;

Result<std::vector<Site>> parse_sites(const Table& root) {
  const Table table = TRY(root.table("sites"));
  std::vector<Site> out;
  for (const std::string& name : table.keys()) {
    if (!internal::is_name(name)) {
      return std::unexpected(table.error_at(
          name, "a site's name is lower-case letters, digits and '-', at most 32, letter first"));
    }
    const Table site = TRY(table.table(name));
    const std::string role = TRY(site.one_of("role", {"primary", "vault"}));
    out.push_back({name, role == "vault" ? SiteRole::vault : SiteRole::primary});
  }
  const auto primaries = std::count_if(
      out.begin(), out.end(), [](const Site& site) { return site.role == SiteRole::primary; });
  if (primaries != 1) {
    return std::unexpected(root.error_at(
        "sites",
        fmt::format("must name exactly one site with role \"primary\", not {}", primaries)));
  }
  return out;
}

Result<GatewayConfig> parse_gateway(const Table& root) {
  const Table table = TRY(root.table("gateway"));
  GatewayConfig out;
  out.address = TRY(table.string("address", "127.0.0.1"));
  in_addr v4{};
  in6_addr v6{};
  if (inet_pton(AF_INET, out.address.c_str(), &v4) != 1 &&
      inet_pton(AF_INET6, out.address.c_str(), &v6) != 1) {
    return std::unexpected(table.error_at(
        "address", fmt::format("\"{}\" is no IP address; use one of this machine's, such as "
                               "\"127.0.0.1\", or \"0.0.0.0\" for all",
                               out.address)));
  }
  out.https_port =
      static_cast<std::uint16_t>(TRY(table.integer("https_port", {.least = 1, .most = 65535})));
  out.http_port =
      static_cast<std::uint16_t>(TRY(table.integer("http_port", {.least = 0, .most = 65535}, 0)));
  out.domain = TRY(table.string("domain"));
  if (!internal::is_host_name(out.domain)) {
    return std::unexpected(
        table.error_at("domain", fmt::format("\"{}\" is no host name in lower case", out.domain)));
  }
  out.requests_max = static_cast<std::uint32_t>(
      TRY(table.integer("requests_max", {.least = 1, .most = 10'000'000}, 2000)));
  out.requests_period = TRY(table.duration("requests_period", std::chrono::seconds(10)));
  if (out.requests_period < std::chrono::seconds(1) ||
      out.requests_period > std::chrono::hours(1)) {
    return std::unexpected(table.error_at("requests_period", "must be from 1s to 1h"));
  }
  out.connections_max = static_cast<std::uint32_t>(
      TRY(table.integer("connections_max", {.least = 16, .most = 1'000'000}, 4000)));
  return out;
}

Result<VaultConfig> parse_vault(const Table& root, const std::vector<Site>& sites) {
  const Table table = TRY(root.table("vault"));
  VaultConfig out;
  std::vector<std::string> vault_sites;
  for (const Site& site : sites) {
    if (site.role == SiteRole::vault) vault_sites.push_back(site.name);
  }
  if (vault_sites.empty()) {
    return std::unexpected(root.error_at("sites", "must name a site with role \"vault\""));
  }
  out.site = TRY(table.one_of("site", vault_sites));
  out.url = TRY(table.string("url"));
  constexpr std::string_view kScheme = "https://";
  const std::string_view rest =
      out.url.starts_with(kScheme) ? std::string_view(out.url).substr(kScheme.size()) : "";
  const auto parts =
      rest.ends_with('/') ? split_once(rest.substr(0, rest.size() - 1), ':') : std::nullopt;
  const auto port = parts ? parse_u64(parts->second) : std::nullopt;
  if (!port || *port < 1 || *port > 65535 || !internal::is_host_name(parts->first)) {
    return std::unexpected(table.error_at(
        "url", fmt::format("\"{}\" is not of the form \"https://host:port/\"", out.url)));
  }
  out.port = static_cast<std::uint16_t>(*port);
  out.repository = TRY(table.string("repository"));
  if (!internal::is_name(out.repository)) {
    return std::unexpected(table.error_at(
        "repository", "must be lower-case letters, digits and '-', at most 32, letter first"));
  }
  out.user = out.repository;
  out.run_here = TRY(table.boolean("run_here", false));
  return out;
}

Result<std::vector<Rule>> parse_rules(const Table& root, const Estate& estate) {
  const std::vector<Table> tables = TRY(root.tables("rule"));
  if (tables.size() > kRulesMax) {
    return std::unexpected(root.error_at("rule", fmt::format("at most {} rules", kRulesMax)));
  }
  std::vector<Rule> out;
  for (const Table& table : tables) {
    Rule rule;
    for (const std::string& name : TRY(table.strings("when"))) {
      const auto kind = indicator_kind_from(name);
      if (!kind) {
        return std::unexpected(table.error_at(
            "when",
            fmt::format("\"{}\" is no indicator; use canary, entropy or mass-change", name)));
      }
      rule.when.push_back(*kind);
    }
    if (rule.when.empty()) {
      return std::unexpected(
          table.error_at("when", "must name at least one of canary, entropy and mass-change"));
    }
    for (const auto& [key, names] : {std::pair("on", &rule.on), std::pair("seal", &rule.seal)}) {
      const auto selectors = TRY(table.strings(key));
      auto selected = estate.select(selectors);
      if (!selected) return std::unexpected(table.error_at(key, selected.error().message()));
      if (selected->empty()) {
        return std::unexpected(
            table.error_at(key, "must name at least one service, \"group:<name>\" or \"all\""));
      }
      *names = std::move(*selected);
    }
    out.push_back(std::move(rule));
  }
  return out;
}

// Depth first along depends_on; what is reached while it is still open closes a circle.
Result<std::vector<ServiceConfig>> dependencies_first(std::vector<ServiceConfig> services,
                                                      const Table& table) {
  std::vector<ServiceConfig> out;
  std::set<std::string> done;
  std::vector<std::string> open;
  std::function<Result<void>(const ServiceConfig&)> visit =
      [&](const ServiceConfig& service) -> Result<void> {
    if (done.contains(service.name)) return {};
    const Table own = TRY(table.table(service.name));
    if (std::find(open.begin(), open.end(), service.name) != open.end()) {
      return std::unexpected(own.error_at(
          "depends_on",
          fmt::format("makes a circle: {} -> {}", fmt::join(open, " -> "), service.name)));
    }
    open.push_back(service.name);
    for (const std::string& name : service.depends_on) {
      const auto other = std::find_if(services.begin(), services.end(),
                                      [&](const auto& s) { return s.name == name; });
      if (other == services.end()) {
        return std::unexpected(
            own.error_at("depends_on", fmt::format("\"{}\" is no service of this estate", name)));
      }
      TRY(visit(*other));
    }
    open.pop_back();
    done.insert(service.name);
    out.push_back(service);
    return {};
  };
  for (const ServiceConfig& service : services) TRY(visit(service));
  return out;
}

// Host names and ports that two services cannot share, with each other or with the gateway.
Result<void> check_addresses(const Estate& estate, const Table& root, const Table& table) {
  std::set<std::string> hosts = {estate.status_host()};
  std::set<std::uint16_t> ports = {estate.gateway.https_port};
  if (estate.gateway.http_port && !ports.insert(estate.gateway.http_port).second) {
    return std::unexpected(
        TRY(root.table("gateway")).error_at("http_port", "must be another one than https_port"));
  }
  if (estate.vault.run_here && !ports.insert(estate.vault.port).second) {
    return std::unexpected(
        TRY(root.table("vault"))
            .error_at("url", fmt::format("{} is the gateway's port in this estate, and run_here "
                                         "wants it for the vault",
                                         estate.vault.port)));
  }
  for (const ServiceConfig& service : estate.services) {
    const Table own = TRY(table.table(service.name));
    for (const std::string& host : service.hostnames) {
      if (host.ends_with(".cleanroom." + estate.gateway.domain) || !hosts.insert(host).second) {
        return std::unexpected(own.error_at(
            "hostnames", fmt::format("\"{}\" is taken already, by another service, the status "
                                     "page or the clean room",
                                     host)));
      }
    }
    const std::vector<Table> tables = TRY(own.tables("port"));
    for (std::size_t i = 0; i < service.ports.size(); ++i) {
      if (!ports.insert(service.ports[i].port).second) {
        return std::unexpected(tables[i].error_at(
            "port", fmt::format("{} is used twice in this estate", service.ports[i].port)));
      }
    }
  }
  return {};
}

Result<Estate> parse(const config::Document& document) {
  const Table root = document.root();
  Estate estate;
  const Table about = TRY(root.table("estate"));
  estate.name = TRY(about.string("name"));
  if (!internal::is_name(estate.name)) {
    return std::unexpected(about.error_at(
        "name", "must be lower-case letters, digits and '-', at most 32, letter first"));
  }
  estate.title = TRY(internal::parse_text(about, "title"));
  estate.contact = TRY(about.string("contact"));
  if (!internal::is_one_line(estate.contact, kContactSizeMax)) {
    return std::unexpected(about.error_at(
        "contact", fmt::format("must be one line of 1 to {} bytes: a telephone number, or another "
                               "address that no attack on the estate takes away",
                               kContactSizeMax)));
  }
  estate.sites = TRY(parse_sites(root));
  estate.gateway = TRY(parse_gateway(root));
  estate.vault = TRY(parse_vault(root, estate.sites));

  const Table services = TRY(root.table("services"));
  const std::vector<std::string> names = services.keys();
  if (names.empty() || names.size() > kServicesMax) {
    return std::unexpected(
        root.error_at("services", fmt::format("must name from 1 to {} services", kServicesMax)));
  }
  std::vector<ServiceConfig> parsed;
  for (const std::string& name : names) {
    if (!internal::is_name(name) || name == "all" || name == "status") {
      return std::unexpected(services.error_at(
          name,
          "a service's name is lower-case letters, digits and '-', at most 32, letter "
          "first, and neither \"all\" nor \"status\""));
    }
    const Table own = TRY(services.table(name));
    parsed.push_back(TRY(internal::parse_service(own, name, estate.gateway)));
  }
  estate.services = TRY(dependencies_first(std::move(parsed), services));
  TRY(check_addresses(estate, root, services));
  estate.rules = TRY(parse_rules(root, estate));
  TRY(document.refuse_unknown_keys());
  return estate;
}

}  // namespace

Result<Estate> parse_estate(std::string_view text, std::string_view name) {
  const config::Document document = TRY(config::Document::parse(text, name));
  return parse(document);
}

Result<Estate> read_estate(const Path& folder) {
  std::error_code error;
  const Path absolute = std::filesystem::canonical(folder, error);
  if (error) {
    return fail(ErrorKind::not_found,
                fmt::format("{} is no folder of an estate; make one with: bulkhead estate create "
                            "--at {}",
                            folder.native(), folder.native()));
  }
  const config::Document document = TRY(config::Document::read(absolute / "estate.toml"));
  Estate estate = TRY(parse(document));
  estate.folder = absolute;
  return estate;
}

}  // namespace bulkhead::supervisor
