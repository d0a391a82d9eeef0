#include "http/internal/transport.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

namespace bulkhead::http::internal {
namespace {

// A file's piece that is copied at a time where the kernel cannot send it itself.
constexpr std::size_t kFilePieceSize = 64 * 1024;
constexpr std::size_t kSendfileMax = 1u << 30;
constexpr std::size_t kReadAheadSize = 64 * 1024;

class PlainTransport final : public Transport {
 public:
  explicit PlainTransport(int socket) : socket_(socket) {}

  Progress handshake() override { return Progress::moved; }

  Moved read(MutableByteView out) override {
    while (true) {
      const ssize_t got = ::recv(socket_, out.data(), out.size(), 0);
      if (got > 0) return {Progress::moved, static_cast<std::size_t>(got)};
      if (got == 0) return {Progress::closed};
      if (errno == EAGAIN) return {Progress::wait_for_readable};
      if (errno != EINTR) return {Progress::closed};
    }
  }

  Moved write(std::string_view head, std::string_view body) override {
    iovec parts[2] = {{const_cast<char*>(head.data()), head.size()},
                      {const_cast<char*>(body.data()), body.size()}};
    msghdr message{};
    message.msg_iov = parts;
    message.msg_iovlen = 2;
    return after_sending([&] { return ::sendmsg(socket_, &message, MSG_NOSIGNAL); });
  }

  Moved send_file(int file, std::uint64_t offset, std::uint64_t length) override {
    off_t at = static_cast<off_t>(offset);
    const std::size_t count = std::min<std::uint64_t>(length, kSendfileMax);
    const Moved moved = after_sending([&] { return ::sendfile(socket_, file, &at, count); });
    // The file is shorter than it was: what was announced cannot be sent any more.
    if (moved.progress == Progress::moved && moved.count == 0) return {Progress::closed};
    return moved;
  }

  void close_notify() override {}

 private:
  template <typename Send>
  static Moved after_sending(const Send& send) {
    while (true) {
      const ssize_t sent = send();
      if (sent >= 0) return {Progress::moved, static_cast<std::size_t>(sent)};
      if (errno == EAGAIN) return {Progress::wait_for_writable};
      if (errno != EINTR) return {Progress::closed};
    }
  }

  int socket_;
};

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsTransport final : public Transport {
 public:
  TlsTransport(SSL_CTX* context, int socket) : ssl_(SSL_new(context)) {
    if (ssl_) {
      SSL_set_fd(ssl_.get(), socket);
      SSL_set_accept_state(ssl_.get());
    }
  }

  Progress handshake() override {
    if (!ssl_) return Progress::closed;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      peer_certificate_ = fingerprint_of_peer();
      return Progress::moved;
    }
    const Progress progress = progress_after(result);
    const long verdict = SSL_get_verify_result(ssl_.get());
    if (progress == Progress::closed && verdict != X509_V_OK) {
      log::warning("a client's certificate was refused",
                   {{"why", X509_verify_cert_error_string(verdict)}});
    }
    return progress;
  }

  std::string peer_certificate() const override { return peer_certificate_; }

  Moved read(MutableByteView out) override {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_read_ex(ssl_.get(), out.data(), out.size(), &count);
    if (result == 1) return {Progress::moved, count};
    return {progress_after(result)};
  }

  Moved write(std::string_view head, std::string_view body) override {
    // Head and body go into one record where they fit; the copy is cheap beside the encryption.
    if (head.empty()) return write_record(body);
    if (body.empty() || head.size() >= kRecordSizeMax) return write_record(head);
    // A record that the socket did not take must be offered again with the same bytes, and it is:
    // head and body are then the same as before.
    std::string& joined = scratch();
    joined.assign(head);
    joined.append(body.substr(0, kRecordSizeMax - head.size()));
    return write_record(joined);
  }

  Moved send_file(int file, std::uint64_t offset, std::uint64_t length) override {
    std::string& piece = scratch();
    piece.resize(std::min<std::uint64_t>(length, kFilePieceSize));
    const ssize_t got = ::pread(file, piece.data(), piece.size(), static_cast<off_t>(offset));
    if (got <= 0) return {Progress::closed};
    // A call writes one record. What the socket did not take is read again: the file is the same.
    std::string_view left = std::string_view(piece).substr(0, static_cast<std::size_t>(got));
    Moved total{Progress::moved, 0};
    while (!left.empty()) {
      const Moved moved = write_record(left);
      if (moved.progress != Progress::moved) return total.count > 0 ? total : moved;
      total.count += moved.count;
      left.remove_prefix(moved.count);
    }
    return total;
  }

  void close_notify() override {
    ERR_clear_error();
    if (ssl_ && SSL_is_init_finished(ssl_.get())) SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }

 private:
  static constexpr std::size_t kRecordSizeMax = SSL3_RT_MAX_PLAIN_LENGTH;

  // Each thread's own: a connection that waits keeps no memory for what it sends.
  static std::string& scratch() {
    thread_local std::string bytes;
    return bytes;
  }

  Moved write_record(std::string_view bytes) {
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
    if (result == 1) return {Progress::moved, count};
    return {progress_after(result)};
  }

  Progress progress_after(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ: return Progress::wait_for_readable;
      case SSL_ERROR_WANT_WRITE: return Progress::wait_for_writable;
      default: return Progress::closed;
    }
  }

  std::string fingerprint_of_peer() const {
    const X509* const certificate = SSL_get0_peer_certificate(ssl_.get());
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    if (certificate == nullptr ||
        X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) {
      return {};
    }
    return to_hex(ByteView(digest).first(size));
  }

  std::unique_ptr<SSL, FreeSsl> ssl_;
  std::string peer_certificate_;
};

struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

class OpenSslContext final : public TlsContext {
 public:
  explicit OpenSslContext(std::unique_ptr<SSL_CTX, FreeContext> context)
      : context_(std::move(context)) {}
  std::unique_ptr<Transport> make_transport(int socket) override {
    return std::make_unique<TlsTransport>(context_.get(), socket);
  }

 private:
  std::unique_ptr<SSL_CTX, FreeContext> context_;
};

std::unexpected<Error> tls_failure(const std::string& what) {
  char text[256] = "unknown error";
  if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
  ERR_clear_error();
  return fail(ErrorKind::invalid, what + ": " + text);
}

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int socket) {
  return std::make_unique<PlainTransport>(socket);
}

namespace {

Result<void> ask_for_certificates(SSL_CTX* context, const ServerOptions& options) {
  const std::string& file = options.client_authority_file.native();
  if (SSL_CTX_load_verify_file(context, file.c_str()) != 1) {
    return tls_failure("clients' authority " + file);
  }
  SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(file.c_str()));
  const int required = options.client_certificate_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | required, nullptr);
  // A resumed session would skip the check, and outlive the certificate.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  return {};
}

}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::load(const ServerOptions& options) {
  const Path& certificate = options.certificate_file;
  const Path& key = options.key_file;
  std::unique_ptr<SSL_CTX, FreeContext> context(SSL_CTX_new(TLS_server_method()));
  if (!context) return tls_failure("TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  // One system call for several records, in place of two for each. The buffer is released with
  // its last byte (SSL_MODE_RELEASE_BUFFERS).
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_default_read_buffer_len(context.get(), kReadAheadSize);
  // Early data could be replayed.
  SSL_CTX_set_max_early_data(context.get(), 0);
  if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) {
    return tls_failure("certificate " + certificate.string());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return tls_failure("key " + key.string());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return tls_failure("key " + key.string() + " does not belong to " + certificate.string());
  }
  if (!options.client_authority_file.empty()) TRY(ask_for_certificates(context.get(), options));
  return std::make_unique<OpenSslContext>(std::move(context));
}

bool wait_for(int socket, Progress what, std::chrono::milliseconds time) {
  pollfd entry{.fd = socket, .events = 0, .revents = 0};
  entry.events = what == Progress::wait_for_writable ? POLLOUT : POLLIN;
  const auto end = std::chrono::steady_clock::now() + time;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace bulkhead::http::internal
