// Ports in the text of estate.toml, changed line by line: a TOML writer would lose the comments,
// which are half of the file's use.
#include "supervisor/estate/internal/ports.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include "base/text.h"
#include "supervisor/estate/create.h"

namespace bulkhead::supervisor {
namespace {

using Ports = std::map<std::string, std::uint16_t, std::less<>>;

std::optional<std::uint16_t> port_named(const Ports& ports, std::string_view name) {
  const auto found = ports.find(name);
  if (found == ports.end()) return std::nullopt;
  return found->second;
}

// "[[services.mail.port]]" -> "mail"
std::optional<std::string> service_of_port_table(std::string_view section) {
  constexpr std::string_view kBegin = "[[services.";
  constexpr std::string_view kEnd = ".port]]";
  if (!section.starts_with(kBegin) || !section.ends_with(kEnd)) return std::nullopt;
  return std::string(section.substr(kBegin.size(), section.size() - kBegin.size() - kEnd.size()));
}

std::string unquoted(std::string_view value) {
  const std::size_t open = value.find('"');
  const std::size_t close = value.find('"', open + 1);
  if (open == std::string_view::npos || close == std::string_view::npos) return "";
  return std::string(value.substr(open + 1, close - open - 1));
}

// The value replaced, and the comment behind it kept.
std::string with_value(std::string_view line, std::string_view value) {
  const std::size_t equals = line.find('=');
  const std::size_t comment = line.find('#', equals);
  std::string out = fmt::format("{} {}", line.substr(0, equals + 1), value);
  if (comment != std::string_view::npos) out += fmt::format("  {}", line.substr(comment));
  return out;
}

}  // namespace

Result<std::string> with_ports(std::string_view text, const Ports& ports) {
  std::string out;
  std::string section;
  std::string port_name;
  std::map<std::string, bool, std::less<>> used;
  for (const auto& [name, port] : ports) used[name] = false;
  const auto replace = [&](std::string_view name, std::string_view line,
                           std::string_view pattern) -> std::string {
    const auto port = port_named(ports, name);
    if (!port) return std::string(line);
    used[std::string(name)] = true;
    return with_value(line, fmt::format(fmt::runtime(pattern), *port));
  };
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    const std::string_view trimmed = trim(line);
    if (trimmed.starts_with('[')) section = std::string(trimmed);
    const auto pair = split_once(trimmed, '=');
    const std::string_view key = pair ? trim(pair->first) : std::string_view();
    const auto service = service_of_port_table(section);
    std::string changed(line);
    if (section == "[gateway]" && key == "https_port") changed = replace("https", line, "{}");
    if (section == "[gateway]" && key == "http_port") changed = replace("http", line, "{}");
    if (section == "[vault]" && key == "url") {
      const std::string url = unquoted(pair->second);
      const std::size_t colon = url.rfind(':');
      changed = replace("vault", line, fmt::format("\"{}:{{}}/\"", url.substr(0, colon)));
    }
    if (service && key == "name") port_name = unquoted(pair->second);
    if (service && key == "port") {
      changed = replace(fmt::format("{}.{}", *service, port_name), line, "{}");
    }
    out += changed + "\n";
  }
  for (const auto& [name, was_used] : used) {
    if (!was_used) {
      return fail(ErrorKind::not_found,
                  fmt::format("estate.toml has no port \"{}\" to change", name));
    }
  }
  return out;
}

namespace internal {

Result<std::vector<std::uint16_t>> free_ports(std::size_t count) {
  // All are held until all are found, so that none is found twice.
  std::vector<FileDescriptor> held;
  std::vector<std::uint16_t> out;
  for (std::size_t i = 0; i < count; ++i) {
    FileDescriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return fail_errno(errno, "making a socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return fail_errno(errno, "looking for a free port");
    }
    out.push_back(ntohs(address.sin_port));
    held.push_back(std::move(fd));
  }
  return out;
}

}  // namespace internal
}  // namespace bulkhead::supervisor
