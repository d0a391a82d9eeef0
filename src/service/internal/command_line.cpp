#include "service/internal/command_line.h"

#include <string>

#include <fmt/format.h>

namespace bulkhead::service::internal {

Result<CommandLine> parse_command_line(int argc, char** argv) {
  CommandLine line;
  const struct {
    std::string_view name;
    Path* value;
  } options[] = {{"--socket", &line.socket},
                 {"--data", &line.data},
                 {"--config", &line.config},
                 {"--audit-socket", &line.audit_socket}};
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      line.help = true;
      return line;
    }
    const std::size_t equals = argument.find('=');
    const std::string_view name = argument.substr(0, equals);
    Path* target = nullptr;
    for (const auto& option : options) {
      if (option.name == name) target = option.value;
    }
    if (target == nullptr) {
      return fail(ErrorKind::invalid, fmt::format("there is no option {}", argument));
    }
    if (equals != std::string_view::npos) {
      *target = argument.substr(equals + 1);
    } else if (i + 1 < argc) {
      *target = argv[++i];
    }
    if (target->empty()) return fail(ErrorKind::invalid, fmt::format("{} needs a path", name));
  }
  if (line.socket.empty()) return fail(ErrorKind::invalid, "--socket is missing");
  if (line.data.empty()) return fail(ErrorKind::invalid, "--data is missing");
  return line;
}

std::string usage(std::string_view program) {
  return fmt::format(
      "usage: {} --socket PATH --data DIR [--config FILE] [--audit-socket PATH]\n"
      "  --socket PATH        listen on this Unix socket\n"
      "  --data DIR           the one folder that the service writes\n"
      "  --config FILE        the service's own TOML file\n"
      "  --audit-socket PATH  where audit events are sent, as JSON datagrams\n",
      program);
}

}  // namespace bulkhead::service::internal
