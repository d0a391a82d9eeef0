#include "cli/drill/refusal_watch.h"

#include <algorithm>

namespace bulkhead::cli::drill {
namespace {

// Four services at this pace stay far below the gateway's limit of requests for an address.
constexpr std::chrono::milliseconds kPeriod{15};

// A request that was with the service when it was frozen is answered late: who asks again at once
// knows first that the gateway refuses.
constexpr std::chrono::milliseconds kImpatience{250};

}  // namespace

RefusalWatch::RefusalWatch(const supervisor::Estate& estate, const std::vector<Target>& targets)
    : estate_(estate) {
  for (const Target& target : targets) {
    auto lane = std::make_unique<Lane>();
    lane->target = target;
    lane->seen.service = target.service;
    lane->thread = std::thread([this, raw = lane.get()] { run(*raw); });
    lanes_.push_back(std::move(lane));
  }
}

RefusalWatch::~RefusalWatch() { stop(); }

void RefusalWatch::run(Lane& lane) {
  const SystemClock clock;
  Visitor visitor(estate_, kImpatience);
  while (!stopping_) {
    const Result<Page> page = visitor.get(lane.target.host, lane.target.path);
    if (page && is_sealed(*page)) {
      lane.seen.refused = clock.now();
      lane.seen.status = page->status;
      break;
    }
    if (page && page->status == 200) ++lane.seen.answered_before;
    std::this_thread::sleep_for(kPeriod);
  }
  lane.done = true;
}

bool RefusalWatch::all_refused() const {
  return std::ranges::all_of(lanes_, [](const auto& lane) { return lane->done.load(); });
}

std::vector<RefusalWatch::Seen> RefusalWatch::stop() {
  stopping_ = true;
  std::vector<Seen> seen;
  for (const auto& lane : lanes_) {
    if (lane->thread.joinable()) lane->thread.join();
    seen.push_back(lane->seen);
  }
  return seen;
}

}  // namespace bulkhead::cli::drill
