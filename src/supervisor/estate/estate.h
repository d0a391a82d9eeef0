// The estate as estate.toml describes it: typed, with every default filled in and every reference
// between its parts checked. Plain values; parse_estate() is the only way that one is made from a
// file. Errors are of kind invalid and name file, line, key and what is allowed. The meaning of
// each key, with an example, is in estates/imo/estate.toml and docs/formats/estate.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace bulkhead::supervisor {

// Limits of the file itself, so that a mistake in it cannot exhaust the supervisor.
inline constexpr std::size_t kServicesMax = 64;
inline constexpr std::size_t kRulesMax = 64;

// Every text for the public exists in all of them, in this order.
inline constexpr std::string_view kLanguages[] = {"en", "fr", "es", "ar", "zh", "ru"};
// By language code; complete once parsed.
using Text = std::map<std::string, std::string, std::less<>>;

// Who reaches a service now, from everyone to nobody.
enum class Exposure { public_, read_only, members, operators, sealed };
std::string_view name_of(Exposure exposure);  // "public", "read-only", "members" …
std::optional<Exposure> exposure_from(std::string_view name);

// A sign of compromise that a rule may act upon.
enum class IndicatorKind { canary, entropy, mass_change };
std::string_view name_of(IndicatorKind kind);  // "canary", "entropy", "mass-change"
std::optional<IndicatorKind> indicator_kind_from(std::string_view name);

enum class SiteRole { primary, vault };
struct Site {
  std::string name;  // "london"
  SiteRole role = SiteRole::primary;
};

struct GatewayConfig {
  std::string address;  // that it listens on
  std::uint16_t https_port = 0;
  std::uint16_t http_port = 0;     // redirects to https; 0: no such port
  std::string domain;              // "localhost": status.<domain>, <service>.cleanroom.<domain>
  std::uint32_t requests_max = 0;  // of one address, within:
  std::chrono::milliseconds requests_period{};
  std::uint32_t connections_max = 0;
};

struct VaultConfig {
  std::string site;        // its name in `sites`
  std::string url;         // "https://127.0.0.1:8444/"
  std::string repository;  // "imo": the path below the url
  std::string user;        // the repository's name; its password is secrets/vault.password
  bool run_here = false;   // the supervisor starts bulkhead-vault on <estate>/vault (demo, drills)
  std::uint16_t port = 0;  // of `url`
  // restic's syntax, without the credential: "rest:https://127.0.0.1:8444/imo/".
  std::string location() const;
};

struct Limits {
  std::uint64_t memory_bytes_max = 0;
  std::uint64_t processes_max = 0;
  std::uint64_t open_files_max = 0;
  std::uint64_t file_size_bytes_max = 0;
};

// When the watcher calls the changes of a dataset an indicator.
struct WatchConfig {
  std::uint32_t files_changed_max = 0;  // more than these within `period`: mass-change
  std::chrono::milliseconds period{};
  double entropy_bits_min = 0;                  // of a rewritten file, bits a byte
  std::uint32_t files_of_high_entropy_max = 0;  // more than these within `period`: entropy
};

struct BackupConfig {
  std::chrono::milliseconds every{};  // zero: on demand only
};

enum class ServiceKind { http, tcp };

// A port of the gateway passed through to a socket of a tcp service.
struct PortConfig {
  std::string name;  // "imap"
  std::uint16_t port = 0;
  std::string socket;    // file name in the socket directory: "imap.sock"
  bool tls = false;      // the gateway ends TLS with its certificate
  std::string greeting;  // what a ready server says first: "220"; empty: accepting is enough
};

// A read-only file or folder that the compartment sees besides its program.
struct Mount {
  Path from;       // relative to the estate's folder
  std::string to;  // absolute, inside
};

enum class NetworkAccess { none, loopback };

struct ServiceConfig {
  std::string name;
  Text title;
  ServiceKind kind = ServiceKind::http;
  std::string program;               // file name beside bulkheadd: "bulkhead-website"; or
  std::vector<std::string> command;  // as seen inside, for third-party programs
  std::vector<std::string> environment;
  std::vector<std::string> hostnames;  // kind http: [0] is the main one
  std::vector<PortConfig> ports;       // kind tcp
  int tier = 1;                        // 1 is restored first
  std::vector<std::string> depends_on;
  std::string group;                      // "web"; may be empty
  Exposure exposure = Exposure::public_;  // at the first start
  NetworkAccess network = NetworkAccess::none;
  Limits limits;
  std::vector<Mount> mounts;
  std::vector<Path> canaries;  // files in the dataset that nobody has a reason to touch
  WatchConfig watch;
  BackupConfig backup;
};

// [[rule]] when = ["canary"] on = ["group:web"] seal = ["group:web"]
struct Rule {
  std::vector<IndicatorKind> when;
  std::vector<std::string> on;    // services whose indicators count, resolved from the selectors
  std::vector<std::string> seal;  // services to seal, resolved
};

struct Estate {
  std::string name;  // "imo"
  Path folder;       // absolute; empty when parsed from text
  Text title;
  std::string contact;  // shown on sealed pages: somewhere off the affected domain
  std::vector<Site> sites;
  GatewayConfig gateway;
  VaultConfig vault;
  std::vector<ServiceConfig> services;  // dependencies first
  std::vector<Rule> rules;

  const ServiceConfig* find(std::string_view service) const;
  // "website", "group:web", "all" -> names, without repetition; kind not_found otherwise.
  Result<std::vector<std::string>> select(const std::vector<std::string>& selectors) const;
  std::string status_host() const;                             // "status.localhost"
  std::string cleanroom_host(std::string_view service) const;  // "gisis.cleanroom.localhost"
  // That, and one for each further hostname below the service's main one: what is
  // books.publications.DOMAIN is books.publications.cleanroom.DOMAIN in the clean room.
  std::vector<std::string> cleanroom_hosts(const ServiceConfig& service) const;
  // "https://website.localhost:8443"
  std::string https_origin(std::string_view host) const;
};

// Reads <folder>/estate.toml.
Result<Estate> read_estate(const Path& folder);
// `name` stands for the file's name in errors.
Result<Estate> parse_estate(std::string_view text, std::string_view name);

}  // namespace bulkhead::supervisor
