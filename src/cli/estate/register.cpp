#include "cli/estate/register.h"

#include <cerrno>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/control/control.h"
#include "cli/estate/status_table.h"
#include "supervisor/estate/create.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::cli::estate {
namespace {

using namespace std::chrono_literals;

Result<Path> program_folder() {
  std::error_code error;
  const Path self = std::filesystem::read_symlink("/proc/self/exe", error);
  if (error) return fail(ErrorKind::io, "cannot find where bulkhead itself is");
  return self.parent_path();
}

struct CreateVerb {
  std::string from = "estates/imo";
  std::string at = "build/estate";
  std::uint64_t https_port = 0;
  std::uint64_t http_port = 0;
  std::uint64_t vault_port = 0;
  std::vector<std::string> ports;
  bool free_ports = false;
  bool for_drill = false;
};

Result<std::uint16_t> port_number(std::string_view name, std::uint64_t value) {
  if (value >= 1 && value <= 65535) return static_cast<std::uint16_t>(value);
  return fail(ErrorKind::invalid, fmt::format("port {}: {} is not from 1 to 65535", name, value));
}

Result<int> create(const CreateVerb& verb) {
  supervisor::CreateOptions options;
  options.from = verb.from;
  options.at = verb.at;
  options.program_folder = TRY(program_folder());
  options.free_ports = verb.free_ports;
  options.for_drill = verb.for_drill;
  for (const auto& [name, value] :
       {std::pair("https", verb.https_port), std::pair("http", verb.http_port),
        std::pair("vault", verb.vault_port)}) {
    if (value != 0) options.ports[name] = TRY(port_number(name, value));
  }
  for (const std::string& text : verb.ports) {
    const auto pair = split_once(text, '=');
    const auto value = pair ? parse_u64(pair->second) : std::nullopt;
    if (!value) {
      return fail(ErrorKind::invalid,
                  fmt::format("--port \"{}\": write it as mail.smtp=8025", text));
    }
    options.ports[std::string(pair->first)] = TRY(port_number(pair->first, *value));
  }
  const SystemClock clock;
  SystemRandom random;
  const supervisor::Estate estate = TRY(create_estate(options, clock, random));
  fmt::print(
      "The estate \"{}\" is in {}: {} services, gateway {}.\nStart it with: bulkhead estate "
      "start --estate {}\n",
      estate.name, estate.folder.native(), estate.services.size(),
      estate.https_origin(estate.status_host()), verb.at);
  return kExitSuccess;
}

Result<int> check(const control::EstateOptions& options) {
  const supervisor::Estate estate = TRY(supervisor::read_estate(options.estate));
  fmt::print("{}: the estate \"{}\" with {} services is in order.\n",
             (estate.folder / "estate.toml").native(), estate.name, estate.services.size());
  return kExitSuccess;
}

Result<int> start(const control::EstateOptions& options) {
  TRY(supervisor::read_estate(options.estate));
  const Path program = TRY(program_folder()) / "bulkheadd";
  ::execl(program.c_str(), "bulkheadd", "--estate", options.estate.c_str(), nullptr);
  return fail_errno(errno, program.native());
}

struct StatusVerb : control::EstateOptions {
  bool json = false;
  std::uint64_t wait_seconds = 0;
};

bool all_ready(const json::Value& estate) {
  const json::Array* services = estate["services"].array();
  if (!services) return false;
  for (const json::Value& service : *services) {
    const std::string* state = service["state"].string();
    const std::string* exposure = service["exposure"].string();
    if (!state || !exposure) return false;
    if (*exposure != "sealed" && *state != "ready") return false;
  }
  return true;
}

Result<int> status(const StatusVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(verb.wait_seconds);
  auto estate = control.get("/v1/estate");
  while ((!estate || !all_ready(*estate)) && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(200ms);
    estate = control.get("/v1/estate");
  }
  if (!estate) return std::unexpected(estate.error());
  const SystemClock clock;
  if (verb.json) {
    fmt::print("{}\n", json::write(*estate, json::Layout::indented));
  } else {
    const Colour colour = ::isatty(STDOUT_FILENO) ? Colour::terminal : Colour::none;
    fmt::print("{}", status_table(*estate, clock.now(), colour));
  }
  return all_ready(*estate) ? kExitSuccess : kExitIncomplete;
}

}  // namespace

void register_estate(Command& root) {
  Command& estate = root.subcommand("estate", "Make, check, run and look at an estate");

  auto creating = std::make_shared<CreateVerb>();
  estate.subcommand("create", "Make an estate's folder from a description")
      .option("--from", creating->from, "The description: estate.toml, content and more")
      .option("--at", creating->at, "The new folder", "BULKHEAD_ESTATE")
      .option("--https-port", creating->https_port, "The gateway's port, in place of the file's")
      .option("--http-port", creating->http_port, "A port that redirects to https")
      .option("--vault-port", creating->vault_port, "The vault's port")
      .option("--port", creating->ports, "A service's port, such as mail.smtp=8025")
      .flag("--free-ports", creating->free_ports, "Take free ports for all others")
      .flag("--drill", creating->for_drill, "For drills: a simulated attacker may work in it")
      .on_run([creating] { return create(*creating); });

  auto checking = std::make_shared<control::EstateOptions>();
  Command& check_verb = estate.subcommand(
      "check", "Say the first mistake in estate.toml, with its place and what is allowed");
  control::add_estate_option(check_verb, *checking);
  check_verb.on_run([checking] { return check(*checking); });

  auto starting = std::make_shared<control::EstateOptions>();
  Command& start_verb = estate.subcommand("start", "Run the estate until Ctrl-C (bulkheadd)");
  control::add_estate_option(start_verb, *starting);
  start_verb.on_run([starting] { return start(*starting); });

  auto asking = std::make_shared<StatusVerb>();
  Command& status_verb = estate.subcommand("status", "How every service is, in one table");
  control::add_estate_option(status_verb, *asking);
  status_verb.flag("--json", asking->json, "As the control API answers it")
      .option("--wait", asking->wait_seconds, "Seconds to wait until all are ready")
      .on_run([asking] { return status(*asking); });
}

}  // namespace bulkhead::cli::estate
