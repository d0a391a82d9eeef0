#include "supervisor/control/peer.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kStatSizeMax = 4096;
// Deeper than any login; a chain that does not end is a parent that was replaced meanwhile.
constexpr int kAncestorsMax = 256;

std::optional<pid_t> parent_of(pid_t process) {
  const auto stat = read_text_file(fmt::format("/proc/{}/stat", process), kStatSizeMax);
  if (!stat) return std::nullopt;
  // proc(5): "pid (name) state ppid …"; the name may hold anything, also parentheses.
  const std::size_t name_end = stat->rfind(") ");
  if (name_end == std::string::npos) return std::nullopt;
  const auto words = split(std::string_view(*stat).substr(name_end + 2), ' ');
  if (words.size() < 2) return std::nullopt;
  const auto parent = parse_u64(words[1]);
  if (!parent) return std::nullopt;
  return static_cast<pid_t>(*parent);
}

// Nothing: it ended, or cannot be looked at.
std::optional<bool> descends_from(pid_t process, pid_t ancestor) {
  for (int i = 0; i < kAncestorsMax; ++i) {
    if (process == ancestor) return true;
    if (process <= 1) return false;
    const auto parent = parent_of(process);
    if (!parent) return std::nullopt;
    process = *parent;
  }
  return std::nullopt;
}

}  // namespace

Result<void> admit_peer(const std::optional<http::Peer>& peer) {
  if (!peer || peer->process_id <= 0) {
    return fail(ErrorKind::denied,
                "the control socket answers only processes that bulkheadd can see: run bulkhead on "
                "the same machine, outside any container");
  }
  if (peer->user_id != ::geteuid() && peer->user_id != 0) {
    return fail(ErrorKind::denied,
                fmt::format("the control socket is for user {} and root, not for user {}",
                            ::geteuid(), peer->user_id));
  }
  const pid_t self = ::getpid();
  if (peer->process_id == self) return {};
  const auto own = descends_from(peer->process_id, self);
  if (own && !*own) return {};
  return fail(ErrorKind::denied,
              fmt::format("process {} {}: the control socket is for operators", peer->process_id,
                          own ? "was started by bulkheadd itself" : "cannot be looked at"));
}

http::Handler for_operators(http::Handler handler) {
  return [handler = std::move(handler)](http::Request& request) {
    const auto admitted = admit_peer(request.peer);
    if (admitted) return handler(request);
    log::warning("refused on the control socket", {{"why", admitted.error().message()}});
    return http::problem(admitted.error(), request);
  };
}

}  // namespace bulkhead::supervisor
