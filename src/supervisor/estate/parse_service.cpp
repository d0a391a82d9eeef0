#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "supervisor/estate/internal/parse.h"

namespace bulkhead::supervisor::internal {
namespace {

using config::Table;
using namespace std::chrono_literals;

// An absent table reads as an empty one, so that its defaults are written in one place only.
Result<Limits> parse_limits(const Table& service) {
  Limits out{.memory_bytes_max = 512ull << 20,
             .processes_max = 64,
             .open_files_max = 1024,
             .file_size_bytes_max = 4ull << 30};
  const auto table = TRY(service.optional_table("limits"));
  if (!table) return out;
  constexpr std::uint64_t kMemoryLeast = 16ull << 20;
  out.memory_bytes_max = TRY(table->size("memory", out.memory_bytes_max));
  if (out.memory_bytes_max < kMemoryLeast) {
    return std::unexpected(table->error_at("memory", "must be at least 16MiB"));
  }
  out.processes_max =
      static_cast<std::uint64_t>(TRY(table->integer("processes", {.least = 1, .most = 4096}, 64)));
  out.open_files_max = static_cast<std::uint64_t>(
      TRY(table->integer("open_files", {.least = 16, .most = 1'000'000}, 1024)));
  out.file_size_bytes_max = TRY(table->size("file_size", out.file_size_bytes_max));
  return out;
}

Result<WatchConfig> parse_watch(const Table& service) {
  WatchConfig out{.files_changed_max = 50,
                  .period = 10s,
                  .entropy_bits_min = 7.5,
                  .files_of_high_entropy_max = 5};
  const auto table = TRY(service.optional_table("watch"));
  if (!table) return out;
  out.files_changed_max = static_cast<std::uint32_t>(
      TRY(table->integer("files_changed_max", {.least = 1, .most = 10'000'000}, 50)));
  out.period = TRY(table->duration("period", 10s));
  if (out.period < 1s || out.period > 1h) {
    return std::unexpected(table->error_at("period", "must be from 1s to 1h"));
  }
  out.entropy_bits_min = TRY(table->number("entropy_bits_min", 7.5));
  if (!(out.entropy_bits_min > 0 && out.entropy_bits_min <= 8)) {
    return std::unexpected(
        table->error_at("entropy_bits_min", "must be above 0 and at most 8 bits a byte"));
  }
  out.files_of_high_entropy_max = static_cast<std::uint32_t>(
      TRY(table->integer("files_of_high_entropy_max", {.least = 0, .most = 10'000'000}, 5)));
  return out;
}

Result<BackupConfig> parse_backup(const Table& service) {
  BackupConfig out{.every = 15min};
  const auto table = TRY(service.optional_table("backup"));
  if (!table) return out;
  out.every = TRY(table->duration("every", 15min));
  if (out.every != 0ms && out.every < 10s) {
    return std::unexpected(table->error_at("every", "must be at least 10s, or 0s for on demand"));
  }
  return out;
}

Result<std::vector<PortConfig>> parse_ports(const Table& service) {
  std::vector<PortConfig> out;
  for (const Table& table : TRY(service.tables("port"))) {
    PortConfig port;
    port.name = TRY(table.string("name"));
    if (!is_name(port.name)) {
      return std::unexpected(
          table.error_at("name", "must be lower-case letters, digits and '-', letter first"));
    }
    port.port = static_cast<std::uint16_t>(TRY(table.integer("port", {.least = 1, .most = 65535})));
    port.socket = TRY(table.string("socket"));
    constexpr std::string_view kSuffix = ".sock";
    if (!port.socket.ends_with(kSuffix) ||
        !is_name(std::string_view(port.socket).substr(0, port.socket.size() - kSuffix.size()))) {
      return std::unexpected(table.error_at(
          "socket", fmt::format("\"{}\" is not of the form \"name.sock\"", port.socket)));
    }
    for (const PortConfig& other : out) {
      if (other.name == port.name) {
        return std::unexpected(table.error_at(
            "name", fmt::format("\"{}\" is another port of this service already", port.name)));
      }
      if (other.socket == port.socket) {
        return std::unexpected(table.error_at(
            "socket",
            fmt::format("\"{}\" is the socket of port {} already", port.socket, other.name)));
      }
    }
    port.tls = TRY(table.boolean("tls", false));
    port.greeting = TRY(table.string("greeting", ""));
    out.push_back(std::move(port));
  }
  return out;
}

// What bulkheadd and the vault keep in the estate's folder: no compartment has any business there.
bool is_kept_from_services(std::string_view path) {
  constexpr std::string_view kFolders[] = {"datasets", "gateway", "incidents", "ledger",
                                           "logs",     "public",  "reports",   "run",
                                           "secrets",  "state",   "vault"};
  return std::ranges::find(kFolders, path.substr(0, path.find('/'))) != std::end(kFolders);
}

Result<std::vector<Mount>> parse_mounts(const Table& service, std::string_view name) {
  std::vector<Mount> out;
  for (const Table& table : TRY(service.tables("mount"))) {
    const std::string from = TRY(table.string("from"));
    if (!is_inner_path(from) || is_kept_from_services(from)) {
      return std::unexpected(table.error_at(
          "from", fmt::format("\"{}\" must be a path inside the estate's folder, such as "
                              "\"modules\", and in none of bulkheadd's own folders (secrets, run, "
                              "datasets, vault and the like)",
                              from)));
    }
    std::string to = TRY(table.string("to"));
    const bool allowed = to.starts_with("/config/") || to.starts_with("/program/");
    if (!allowed || !is_inner_path(std::string_view(to).substr(1))) {
      return std::unexpected(table.error_at(
          "to", fmt::format("\"{}\" must be a path below /config/ or /program/", to)));
    }
    const bool is_taken = std::ranges::any_of(out, [&](const Mount& m) { return m.to == to; });
    if (is_taken || to == fmt::format("/config/{}.toml", name)) {
      return std::unexpected(
          table.error_at("to", fmt::format("\"{}\" is taken, by another mount or the service's own "
                                           "configuration",
                                           to)));
    }
    out.push_back({from, std::move(to)});
  }
  return out;
}

Result<void> parse_program(const Table& table, ServiceConfig& out) {
  out.command = TRY(table.strings("command"));
  if (table.has("program") == !out.command.empty()) {
    return std::unexpected(table.error_at(
        "", fmt::format("{} needs either program (a file beside bulkheadd) or command (as seen "
                        "inside the compartment)",
                        table.path())));
  }
  if (out.command.empty()) {
    out.program = TRY(table.string("program"));
    if (!is_name(out.program)) {
      return std::unexpected(table.error_at(
          "program",
          fmt::format("\"{}\" must be a file name such as \"bulkhead-website\"", out.program)));
    }
  } else if (!out.command[0].starts_with('/')) {
    return std::unexpected(table.error_at("command", "must begin with an absolute path"));
  }
  out.environment = TRY(table.strings("environment"));
  for (const std::string& variable : out.environment) {
    if (variable.find('=') == std::string::npos || variable.find('\0') != std::string::npos) {
      return std::unexpected(table.error_at("environment", "each must be \"NAME=value\""));
    }
  }
  return {};
}

// What the gateway needs of it: host names for http, ports for tcp.
Result<void> parse_reach(const Table& table, const GatewayConfig& gateway, ServiceConfig& out) {
  const std::string kind = TRY(table.one_of("kind", {"http", "tcp"}, "http"));
  out.kind = kind == "tcp" ? ServiceKind::tcp : ServiceKind::http;
  out.hostnames = TRY(table.strings("hostnames"));
  out.ports = TRY(parse_ports(table));
  std::vector<std::string> exposures = {"public", "read-only", "members", "operators", "sealed"};
  if (out.kind == ServiceKind::tcp) {
    // A pass travels in HTTP; a plain TCP protocol has nowhere to carry it.
    exposures = {"public", "sealed"};
    if (out.ports.empty() || !out.hostnames.empty()) {
      return std::unexpected(
          table.error_at("kind", "a tcp service has one [[…port]] or more, and no hostnames"));
    }
  } else if (out.hostnames.empty() || !out.ports.empty()) {
    return std::unexpected(
        table.error_at("kind", "an http service has one of hostnames or more, and no ports"));
  }
  for (const std::string& host : out.hostnames) {
    if (!is_host_name(host) || !host.ends_with("." + gateway.domain)) {
      return std::unexpected(table.error_at(
          "hostnames", fmt::format("\"{}\" must be a host name in lower case below \"{}\"", host,
                                   gateway.domain)));
    }
  }
  out.exposure = *exposure_from(TRY(table.one_of("exposure", exposures, "public")));
  return {};
}

}  // namespace

Result<ServiceConfig> parse_service(const Table& table, const std::string& name,
                                    const GatewayConfig& gateway) {
  ServiceConfig out;
  out.name = name;
  out.title = TRY(parse_text(table, "title"));
  TRY(parse_program(table, out));
  TRY(parse_reach(table, gateway, out));
  out.tier = static_cast<int>(TRY(table.integer("tier", {.least = 1, .most = 9}, 1)));
  out.depends_on = TRY(table.strings("depends_on"));
  out.group = TRY(table.string("group", ""));
  if (!out.group.empty() && !is_name(out.group)) {
    return std::unexpected(
        table.error_at("group", "must be lower-case letters, digits and '-', letter first"));
  }
  const std::string network = TRY(table.one_of("network", {"none", "loopback"}, "none"));
  out.network = network == "loopback" ? NetworkAccess::loopback : NetworkAccess::none;
  out.limits = TRY(parse_limits(table));
  out.mounts = TRY(parse_mounts(table, name));
  for (const std::string& canary : TRY(table.strings("canaries"))) {
    if (!is_inner_path(canary)) {
      return std::unexpected(table.error_at(
          "canaries", fmt::format("\"{}\" must be a path inside the dataset", canary)));
    }
    out.canaries.emplace_back(canary);
  }
  out.watch = TRY(parse_watch(table));
  out.backup = TRY(parse_backup(table));
  return out;
}

}  // namespace bulkhead::supervisor::internal
