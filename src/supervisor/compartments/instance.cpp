#include "supervisor/compartments/instance.h"

#include <cerrno>

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/text.h"
#include "base/unix_socket.h"
#include "http/client.h"
#include "json/value.h"

namespace bulkhead::supervisor {
namespace {

// What is wrong, from the JSON of checks that /readyz answers; the status alone where it is none.
std::string problem_of(const http::ClientResponse& answer) {
  constexpr std::size_t kProblemSizeMax = 300;
  std::string text(trim(answer.body));
  if (text.size() > kProblemSizeMax) text = text.substr(0, kProblemSizeMax) + "…";
  return fmt::format("/readyz answers {}: {}", answer.status, text);
}

Result<void> check_greeting(const PortConfig& port, const Path& socket,
                            std::chrono::milliseconds time_max) {
  const sockaddr_un address = TRY(unix_address(socket));
  const FileDescriptor fd = TRY(make_unix_stream(time_max));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, fmt::format("connecting to port {}", port.name));
  }
  if (port.greeting.empty()) return {};
  std::string greeting;
  while (greeting.size() < port.greeting.size()) {
    char piece[256];
    const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
    if (got < 0) return fail_errno(errno, fmt::format("reading port {}'s greeting", port.name));
    if (got == 0) break;
    greeting.append(piece, static_cast<std::size_t>(got));
  }
  if (greeting.starts_with(port.greeting)) return {};
  return fail(ErrorKind::unavailable,
              fmt::format("port {} greets with \"{}\", not \"{}\"", port.name,
                          trim(greeting.substr(0, 100)), port.greeting));
}

// The gateway and the supervisor follow this path: what is not a socket there is no service's doing
// but an attacker's. Through a descriptor, so that what is opened is what was looked at.
Result<void> admit_gateway_to(const Path& socket) {
  const FileDescriptor fd = TRY(open_file(socket, O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(errno, socket.native());
  if (!S_ISSOCK(status.st_mode)) {
    return fail(ErrorKind::denied,
                fmt::format("{} is not a socket: the gateway is not led there", socket.native()));
  }
  constexpr mode_t kForEverybody = 0666;  // who gets into run/, that is
  if ((status.st_mode & kForEverybody) == kForEverybody) return {};
  const std::string same = fmt::format("/proc/self/fd/{}", fd.get());
  if (::chmod(same.c_str(), kForEverybody) != 0) return fail_errno(errno, socket.native());
  return {};
}

}  // namespace

Result<void> admit_gateway(const ServiceConfig& service, const std::string& instance) {
  if (service.kind == ServiceKind::http) {
    return admit_gateway_to(Layout::socket_relative(service.name, instance));
  }
  for (const PortConfig& port : service.ports) {
    TRY(admit_gateway_to(Layout::socket_relative(service.name, instance, port.socket)));
  }
  return {};
}

Path audit_socket_relative(std::string_view service) {
  return Path("run") / ".audit" / fmt::format("{}.sock", service);
}

sandbox::Policy policy_of(const ServiceConfig& service, const Layout& layout,
                          const Path& program_folder, const std::string& instance,
                          const std::string& generation) {
  sandbox::Policy policy;
  policy.name = service.name;
  policy.data_directory = layout.generation(service.name, generation);
  policy.socket_directory = layout.socket_directory(service.name, instance);
  policy.audit_socket = layout.folder() / audit_socket_relative(service.name);
  policy.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/data",
                        "TMPDIR=/tmp"};
  policy.environment.insert(policy.environment.end(), service.environment.begin(),
                            service.environment.end());
  const Path config = layout.service_config(service.name);
  std::error_code error;
  const bool has_config = std::filesystem::is_regular_file(config, error);
  const std::string config_inside = fmt::format("/config/{}.toml", service.name);
  if (has_config) policy.read_only.emplace_back(config, config_inside);
  for (const Mount& mount : service.mounts) {
    policy.read_only.emplace_back(layout.folder() / mount.from, mount.to);
  }
  if (service.command.empty()) {
    const std::string program = fmt::format("/program/{}", service.program);
    policy.read_only.emplace_back(program_folder / service.program, program);
    policy.command = {program,          "--socket", "/run/service/service.sock",
                      "--data",         "/data",    "--audit-socket",
                      "/run/audit.sock"};
    if (has_config) policy.command.insert(policy.command.end(), {"--config", config_inside});
  } else {
    policy.command = service.command;
  }
  policy.network = service.network == NetworkAccess::loopback ? sandbox::Network::loopback
                                                              : sandbox::Network::none;
  policy.limits.memory_bytes_max = service.limits.memory_bytes_max;
  policy.limits.processes_max = service.limits.processes_max;
  policy.limits.open_files_max = service.limits.open_files_max;
  policy.limits.file_size_bytes_max = service.limits.file_size_bytes_max;
  return policy;
}

Result<void> check_ready(const ServiceConfig& service, const std::string& instance,
                         std::chrono::milliseconds time_max) {
  if (service.kind == ServiceKind::tcp) {
    for (const PortConfig& port : service.ports) {
      TRY(check_greeting(port, Layout::socket_relative(service.name, instance, port.socket),
                         time_max));
    }
    return {};
  }
  http::ClientOptions options;
  options.unix_socket = Layout::socket_relative(service.name, instance);
  options.connect_timeout = time_max;
  options.timeout = time_max;
  http::Client client(std::move(options));
  const http::ClientResponse answer =
      TRY(client.get(fmt::format("http://{}/readyz", service.hostnames.front())));
  if (answer.status == 200) return {};
  return fail(ErrorKind::unavailable, problem_of(answer));
}

}  // namespace bulkhead::supervisor
