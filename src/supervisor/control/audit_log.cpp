#include "supervisor/control/audit_log.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/unix_socket.h"
#include "json/value.h"
#include "supervisor/compartments/instance.h"

namespace bulkhead::supervisor {
namespace {

Result<FileDescriptor> bind_datagram_socket(const Path& path) {
  const sockaddr_un address = TRY(unix_address(path));
  FileDescriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return fail_errno(errno, "making a socket");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, path.native());
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, fmt::format("binding {}", path.native()));
  }
  // The compartment has a user id of its own; run/ itself admits nobody else.
  if (::chmod(path.c_str(), 0666) != 0) return fail_errno(errno, path.native());
  return fd;
}

}  // namespace

Result<std::unique_ptr<AuditLog>> AuditLog::start(const Estate& estate, const Layout& layout,
                                                  const Clock& clock, EstateLedger* ledger) {
  std::unique_ptr<AuditLog> log(new AuditLog(layout, clock, ledger));
  const Path path = layout.logs() / "audit.jsonl";
  log->file_ = TRY(open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  struct stat status{};
  if (::fstat(log->file_.get(), &status) != 0) return fail_errno(errno, path.native());
  log->size_ = static_cast<std::uint64_t>(status.st_size);
  for (const ServiceConfig& service : estate.services) {
    FileDescriptor fd = TRY(bind_datagram_socket(audit_socket_relative(service.name)));
    log->sockets_.push_back({service.name, std::move(fd)});
  }
  int wake[2];
  if (::pipe2(wake, O_CLOEXEC) != 0) return fail_errno(errno, "making a pipe");
  log->wake_read_ = FileDescriptor(wake[0]);
  log->wake_write_ = FileDescriptor(wake[1]);
  log->thread_ = std::thread([raw = log.get()] { raw->run(); });
  return log;
}

AuditLog::~AuditLog() {
  wake_write_.reset();
  if (thread_.joinable()) thread_.join();
}

void AuditLog::run() {
  ::prctl(PR_SET_NAME, "audit");
  std::vector<pollfd> polled;
  for (const Socket& socket : sockets_) polled.push_back({socket.fd.get(), POLLIN, 0});
  polled.push_back({wake_read_.get(), POLLIN, 0});
  for (;;) {
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled.back().revents != 0) return;
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      if (polled[i].revents != 0) take(sockets_[i]);
    }
  }
}

void AuditLog::take(const Socket& socket) {
  // One more byte than allowed tells a datagram that was cut from one that just fits.
  std::array<char, kAuditDatagramSizeMax + 1> buffer;
  const ssize_t got = ::recv(socket.fd.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return;
  const std::string_view text(buffer.data(), static_cast<std::size_t>(got));
  json::Object line{{"received", to_rfc3339_milliseconds(clock_.now())},
                    {"service", socket.service}};
  auto event = json::parse(text);
  std::string refused;
  if (text.size() > kAuditDatagramSizeMax) {
    refused = "longer than a datagram may be";
  } else if (!event || !event->is_object()) {
    refused = "not a JSON object";
  }
  if (refused.empty()) {
    line.set("event", *event);
  } else {
    line.set("refused", refused);
  }
  if (ledger_) {
    ledger_->record_audit(socket.service, refused.empty() ? std::move(*event) : json::Value(),
                          refused);
  }
  const auto written = write(json::write(line) + "\n");
  if (!written) log::error("writing the audit log", {{"why", written.error().message()}});
}

Result<void> AuditLog::write(std::string_view line) {
  if (size_ + line.size() > kAuditFileSizeMax) {
    const Path path = layout_.logs() / "audit.jsonl";
    if (::rename(path.c_str(), (layout_.logs() / "audit.1.jsonl").c_str()) != 0) {
      return fail_errno(errno, path.native());
    }
    file_ = TRY(open_file(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    size_ = 0;
  }
  size_ += line.size();
  return write_all(file_.get(), as_bytes(line));
}

}  // namespace bulkhead::supervisor
