// bulkhead-drill-attacker --token TOKEN [--try-tcp ADDRESS:PORT]… [--try-unix PATH]…
//   [--try-abstract NAME]… [--try-read PATH]… [--files-per-second N] [--bytes-per-second N]
//   (--now | -- SERVICE ARGUMENT…)
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "base/log.h"
#include "base/text.h"
#include "cli/drill/attacker/implant.h"

namespace {

using bulkhead::ErrorKind;
using bulkhead::Result;
using bulkhead::cli::drill::attacker::ImplantOptions;
using bulkhead::cli::drill::attacker::Target;
using bulkhead::cli::drill::attacker::Way;

constexpr int kExitRefused = 3;
constexpr int kExitUsage = 2;

struct CommandLine {
  ImplantOptions options;
  bool now = false;  // attack at once, with no service: for trying it out in a compartment
};

Result<std::uint64_t> number(std::string_view text) {
  const auto value = bulkhead::parse_u64(text);
  if (!value || *value == 0) return bulkhead::fail(ErrorKind::invalid, "not a number above 0");
  return *value;
}

Result<void> take_option(ImplantOptions& options, std::string_view name, std::string value) {
  static const std::map<std::string_view, Way> ways = {{"--try-tcp", Way::tcp},
                                                       {"--try-unix", Way::unix_socket},
                                                       {"--try-abstract", Way::abstract_socket},
                                                       {"--try-read", Way::read_file}};
  if (const auto way = ways.find(name); way != ways.end()) {
    options.targets.push_back(Target{way->second, std::move(value)});
  } else if (name == "--token") {
    options.token = std::move(value);
  } else if (name == "--files-per-second") {
    options.pace.files_per_second = TRY(number(value));
  } else if (name == "--bytes-per-second") {
    options.pace.bytes_per_second = TRY(number(value));
  } else {
    return bulkhead::fail(ErrorKind::invalid, "unknown option");
  }
  return {};
}

Result<CommandLine> parse(int argc, char** argv) {
  CommandLine line;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--") {
      line.options.service.assign(argv + i + 1, argv + argc);
      break;
    }
    if (name == "--now") {
      line.now = true;
      continue;
    }
    if (i + 1 == argc) return bulkhead::fail(ErrorKind::invalid, std::string(name) + ": no value");
    TRY_CONTEXT(take_option(line.options, name, argv[++i]), name);
  }
  if (line.now == line.options.service.empty()) return line;  // exactly one of the two
  return bulkhead::fail(ErrorKind::invalid, "give either --now or -- and the service's command");
}

}  // namespace

int main(int argc, char** argv) {
  bulkhead::log::start("bulkhead-drill-attacker");
  const auto line = parse(argc, argv);
  if (!line) {
    std::fprintf(stderr, "bulkhead-drill-attacker: %s\n", line.error().message().c_str());
    return kExitUsage;
  }
  if (!line->now) return bulkhead::cli::drill::attacker::run_implant(line->options);
  const auto done = bulkhead::cli::drill::attacker::attack(line->options, {});
  if (done) return EXIT_SUCCESS;
  std::fprintf(stderr, "bulkhead-drill-attacker: %s\n", done.error().message().c_str());
  return done.error().kind() == ErrorKind::denied ? kExitRefused : EXIT_FAILURE;
}
