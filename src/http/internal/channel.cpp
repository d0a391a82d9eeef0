#include "http/internal/channel.h"

#include <algorithm>

#include "base/check.h"

namespace bulkhead::http::internal {
namespace {

constexpr std::size_t kInputSizeAtFirst = 8 * 1024;

}  // namespace

Channel::Channel(FileDescriptor socket, std::unique_ptr<Transport> transport, TransferLimits limits,
                 std::size_t input_size_max)
    : socket_(std::move(socket)),
      transport_(std::move(transport)),
      limits_(limits),
      input_size_max_(std::max(input_size_max, kInputSizeAtFirst)) {}

ByteView Channel::input() const { return ByteView(input_).subspan(begin_, end_ - begin_); }

void Channel::consume(std::size_t count) {
  begin_ += count;
  if (begin_ == end_) begin_ = end_ = 0;
}

Moved Channel::receive() {
  if (end_ == input_.size() && begin_ > 0) {
    std::copy(input_.begin() + static_cast<std::ptrdiff_t>(begin_),
              input_.begin() + static_cast<std::ptrdiff_t>(end_), input_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == input_.size()) {
    if (input_.size() >= input_size_max_) return {Progress::closed};
    input_.resize(input_.empty() ? kInputSizeAtFirst
                                 : std::min(input_.size() * 2, input_size_max_));
  }
  const Moved moved = transport_->read(MutableByteView(input_).subspan(end_));
  if (moved.progress == Progress::moved) end_ += moved.count;
  return moved;
}

void Channel::release_input() {
  if (begin_ == end_) Bytes().swap(input_);
}

void Channel::begin_transfer() {
  waited_ = {};
  moved_ = 0;
}

template <typename Receive>
std::size_t Channel::receive_by(const Receive& receive) {
  while (true) {
    const Moved moved = receive();
    moved_ += moved.count;
    if (moved.progress == Progress::moved) return moved.count;
    if (moved.progress == Progress::closed || !wait(moved.progress)) return 0;
  }
}

bool Channel::receive_now() {
  return receive_by([this] { return receive(); }) > 0;
}

std::size_t Channel::receive_now(MutableByteView out) {
  CHECK(begin_ == end_);
  return receive_by([this, out] { return transport_->read(out); });
}

bool Channel::send_now(std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    const Moved moved = transport_->write(head, body);
    if (moved.progress == Progress::closed) return false;
    if (moved.progress != Progress::moved) {
      if (!wait(moved.progress)) return false;
      continue;
    }
    moved_ += moved.count;
    const std::size_t of_head = std::min(moved.count, head.size());
    head.remove_prefix(of_head);
    body.remove_prefix(moved.count - of_head);
  }
  return true;
}

bool Channel::wait(Progress what) {
  using namespace std::chrono;
  const auto allowed = limits_.timeout + milliseconds(moved_ * 1000 / limits_.rate_min);
  const auto left = duration_cast<milliseconds>(allowed - waited_);
  if (left.count() <= 0) return false;
  const auto begin = steady_clock::now();
  const bool ready = wait_for(socket_.get(), what, left);
  waited_ += steady_clock::now() - begin;
  return ready;
}

}  // namespace bulkhead::http::internal
