// A socket with its transport and the input that has arrived but is not consumed yet. The blocking
// calls are held to an allowance of waiting time, so that a slow peer cannot keep a worker.
#pragma once

#include <chrono>
#include <memory>

#include "http/internal/transport.h"

namespace bulkhead::http::internal {

struct TransferLimits {
  std::chrono::milliseconds timeout{0};
  std::uint64_t rate_min = 1;  // bytes a second
};

class Channel {
 public:
  Channel(FileDescriptor socket, std::unique_ptr<Transport> transport, TransferLimits limits,
          std::size_t input_size_max);

  int socket() const { return socket_.get(); }
  Transport& transport() { return *transport_; }
  std::string peer_certificate() const { return transport_->peer_certificate(); }

  ByteView input() const;
  void consume(std::size_t count);
  // More input, as much as there is now; `closed` also where the buffer is full.
  Moved receive();
  // An idle connection keeps no memory for input.
  void release_input();

  void begin_transfer();
  // Blocking. False: the peer has gone, or is slower than the limits allow.
  bool receive_now();
  // The same past the input, which must be empty: how much has come; 0 for false.
  std::size_t receive_now(MutableByteView out);
  bool send_now(std::string_view head, std::string_view body);

 private:
  bool wait(Progress what);
  template <typename Receive>
  std::size_t receive_by(const Receive& receive);

  FileDescriptor socket_;
  std::unique_ptr<Transport> transport_;
  TransferLimits limits_;
  std::size_t input_size_max_;
  Bytes input_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::chrono::nanoseconds waited_{0};
  std::uint64_t moved_ = 0;
};

}  // namespace bulkhead::http::internal
