#include "cli/drill/drill_estate.h"

#include <fmt/format.h>

#include "base/random.h"
#include "cli/drill/attacker/implant.h"
#include "supervisor/estate/create.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::cli::drill {
namespace {

constexpr std::string_view kService = "website";
constexpr std::string_view kProgram = "bulkhead-website";
constexpr std::string_view kAttacker = "bulkhead-drill-attacker";
constexpr std::string_view kWrapper = "website";
constexpr std::size_t kEstateFileSizeMax = 1 << 20;

bool is_there(const Path& path) {
  std::error_code error;
  return std::filesystem::exists(path, error);
}

// Of the attacker's command line: attacker/main.cpp.
std::string_view option_of(attacker::Way way) {
  switch (way) {
    case attacker::Way::tcp: return "--try-tcp";
    case attacker::Way::unix_socket: return "--try-unix";
    case attacker::Way::abstract_socket: return "--try-abstract";
    default: return "--try-read";
  }
}

Result<void> copy_program(const Path& from, const Path& to) {
  std::error_code error;
  std::filesystem::remove(to, error);
  std::filesystem::copy_file(from, to, error);
  if (error) {
    return fail(ErrorKind::io,
                fmt::format("copying {} to {}: {}", from.string(), to.string(), error.message()));
  }
  return {};
}

}  // namespace

Result<DrillEstate> DrillEstate::prepare(const DrillEstateOptions& options) {
  const supervisor::Layout layout(options.folder);
  if (is_there(layout.estate_file())) {
    if (!is_there(layout.drill_marker())) {
      return fail(
          ErrorKind::denied,
          fmt::format("{} is an estate that no drill made (it has no {}); the drill damages "
                      "data, and plays only where it made everything itself. Name another "
                      "folder with --estate",
                      options.folder.string(), layout.drill_marker().filename().string()));
    }
    supervisor::Estate estate = TRY(supervisor::read_estate(options.folder));
    return DrillEstate(options, std::move(estate), false);
  }
  const SystemClock clock;
  SystemRandom random;
  supervisor::Estate estate =
      TRY(supervisor::create_estate({.from = options.from,
                                     .at = options.folder,
                                     .program_folder = options.program_folder,
                                     .ports = {},
                                     .free_ports = options.free_ports,
                                     .for_drill = true},
                                    clock, random));
  return DrillEstate(options, std::move(estate), true);
}

Path DrillEstate::current_dataset(std::string_view service) const {
  const Path current = supervisor::Layout(estate_.folder).current_generation(service);
  std::error_code error;
  return std::filesystem::canonical(current, error);
}

Result<void> DrillEstate::write_wrapper(const std::string& command) const {
  const std::string script = "#!/bin/sh\nexec " + command + " \"$@\"\n";
  return write_file_atomic(programs() / kWrapper, as_bytes(script), 0755);
}

Result<void> DrillEstate::open_the_hole() {
  SystemRandom random;
  token_ = to_hex(random.bytes(16));
  TRY(make_directories(programs()));
  TRY(copy_program(options_.program_folder / kProgram, programs() / kProgram));
  TRY(copy_program(options_.program_folder / kAttacker, programs() / kAttacker));
  std::string command = fmt::format("/program/drill/{} --token {}", kAttacker, token_);
  for (const attacker::Target& target : ways_out()) {
    command += fmt::format(" {} '{}'", option_of(target.way), target.where);
  }
  TRY(write_wrapper(fmt::format("{} -- /program/drill/{}", command, kProgram)));
  return name_wrapper_in_estate_file();
}

std::vector<attacker::Target> DrillEstate::ways_out() const {
  using attacker::Way;
  const supervisor::Layout layout(estate_.folder);
  return {{Way::tcp, fmt::format("127.0.0.1:{}", estate_.vault.port)},
          {Way::tcp, fmt::format("127.0.0.1:{}", estate_.gateway.https_port)},
          {Way::unix_socket, layout.control_socket().string()},
          {Way::read_file, layout.vault_password().string()},
          {Way::read_file, layout.current_generation("gisis").string()}};
}

// Both the marker and the token on the attacker's command line are needed: attacker/surroundings.h.
Result<void> DrillEstate::mark_dataset() const {
  return write_file_atomic(current_dataset() / attacker::kMarkerName, as_bytes(token_));
}

Result<void> DrillEstate::name_wrapper_in_estate_file() {
  const Path file = estate_.folder / "estate.toml";
  std::string text = TRY(read_text_file(file, kEstateFileSizeMax));
  const std::string own = fmt::format("program = \"{}\"\n", kProgram);
  const std::size_t at = text.find(own);
  if (at == std::string::npos) return {};  // a drill before this one has done it
  const bool has_config = is_there(supervisor::Layout(estate_.folder).service_config(kService));
  text.replace(
      at, own.size(),
      fmt::format("command = [\"/program/drill/{}\", \"--socket\", "
                  "\"/run/service/service.sock\", \"--data\", \"/data\", "
                  "\"--audit-socket\", \"/run/audit.sock\"{}]\n",
                  kWrapper,
                  has_config ? fmt::format(", \"--config\", \"/config/{}.toml\"", kService) : ""));
  text += fmt::format(
      "\n# Written by the drill: the website's compartment sees the folder `drill` with the "
      "simulated attacker.\n[[services.{}.mount]]\nfrom = \"drill\"\nto = \"/program/drill\"\n",
      kService);
  TRY(write_file_atomic(file, as_bytes(text)));
  estate_ = TRY(supervisor::read_estate(estate_.folder));
  return {};
}

Result<void> DrillEstate::trigger() const {
  return write_file_atomic(current_dataset() / attacker::kTriggerName, {});
}

Result<void> DrillEstate::close_the_hole() const {
  TRY(write_wrapper(fmt::format("/program/drill/{}", kProgram)));
  std::error_code error;
  std::filesystem::remove(programs() / kAttacker, error);
  if (error) return fail(ErrorKind::io, "removing the attacker's program: " + error.message());
  return {};
}

}  // namespace bulkhead::cli::drill
