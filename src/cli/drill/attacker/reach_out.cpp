#include "cli/drill/attacker/reach_out.h"

#include <cerrno>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/file_descriptor.h"
#include "base/text.h"

namespace bulkhead::cli::drill::attacker {
namespace {

constexpr timeval kPatience{1, 0};

Attempt outcome_of(const Target& target, bool succeeded) {
  const char* const name = ::strerrorname_np(errno);
  return {target, succeeded, succeeded ? "succeeded" : name != nullptr ? name : "unknown error"};
}

// ADDRESS:PORT; a datagram of a name lookup counts as out when the kernel takes it.
Attempt try_internet(const Target& target, int type) {
  const auto parts = split_once(target.where, ':');
  const auto port = parts ? parse_u64(parts->second) : std::nullopt;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  if (!port || *port > 65535 ||
      ::inet_pton(AF_INET, std::string(parts->first).c_str(), &address.sin_addr) != 1) {
    return {target, false, "not an address"};
  }
  address.sin_port = htons(static_cast<std::uint16_t>(*port));
  const FileDescriptor fd(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return outcome_of(target, false);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  const bool connected =
      ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (!connected || type == SOCK_STREAM) return outcome_of(target, connected);
  return outcome_of(target, ::send(fd.get(), "?", 1, MSG_NOSIGNAL) == 1);
}

Attempt try_unix(const Target& target) {
  const std::size_t at = target.way == Way::abstract_socket ? 1 : 0;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string where = target.where;
  FileDescriptor there;
  if (where.size() + at >= sizeof address.sun_path) {
    // Too long for an address: reached by way of a descriptor, if at all.
    there = FileDescriptor(::open(where.c_str(), O_PATH | O_CLOEXEC));
    if (!there.valid()) return outcome_of(target, false);
    where = fmt::format("/proc/self/fd/{}", there.get());
  }
  where.copy(address.sun_path + at, where.size());
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + at + where.size());
  bool connected = false;
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const FileDescriptor fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    connected = ::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0;
    if (connected || errno != EPROTOTYPE) break;
  }
  return outcome_of(target, connected);
}

Attempt try_file(const Target& target, int flags) {
  const FileDescriptor file(::open(target.where.c_str(), flags | O_CLOEXEC));
  return outcome_of(target, file.valid());
}

Attempt attempt(const Target& target) {
  switch (target.way) {
    case Way::tcp: return try_internet(target, SOCK_STREAM);
    case Way::name_lookup: return try_internet(target, SOCK_DGRAM);
    case Way::unix_socket:
    case Way::abstract_socket: return try_unix(target);
    case Way::read_file: return try_file(target, O_RDONLY);
    case Way::write_file: return try_file(target, O_WRONLY);
  }
  return {target, false, "unknown way"};
}

}  // namespace

std::vector<Attempt> reach_out(const std::vector<Target>& given) {
  std::vector<Target> targets = given;
  for (const KnownTarget& known : kKnownTargets) {
    targets.push_back({known.way, std::string(known.where)});
  }
  std::vector<Attempt> attempts;
  for (const Target& target : targets) attempts.push_back(attempt(target));
  return attempts;
}

json::Array to_json(const std::vector<Attempt>& attempts) {
  json::Array out;
  for (const Attempt& entry : attempts) {
    out.emplace_back(json::Object{{"way", name_of(entry.target.way)},
                                  {"target", entry.target.where},
                                  {"succeeded", entry.succeeded},
                                  {"outcome", entry.outcome}});
  }
  return out;
}

}  // namespace bulkhead::cli::drill::attacker
