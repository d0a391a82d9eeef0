#include "sandbox/internal/lasting_thread.h"

#include <future>
#include <memory>
#include <thread>

#include "base/bounded_queue.h"

namespace bulkhead::sandbox::internal {
namespace {

struct Order {
  const ProcessOptions* options;
  std::promise<Result<Process>>* answer;
};

constexpr std::size_t kOrdersMax = 64;

// Never destroyed: its thread must outlast every static destructor that may still own a
// compartment.
BoundedQueue<Order>& orders() {
  static BoundedQueue<Order>* const queue = [] {
    auto* made = new BoundedQueue<Order>(kOrdersMax);
    std::thread([made] {
      while (auto order = made->pop()) order->answer->set_value(Process::start(*order->options));
    }).detach();
    return made;
  }();
  return *queue;
}

}  // namespace

Result<Process> start_from_lasting_thread(const ProcessOptions& options) {
  std::promise<Result<Process>> answer;
  std::future<Result<Process>> future = answer.get_future();
  orders().push({&options, &answer});
  return future.get();
}

}  // namespace bulkhead::sandbox::internal
