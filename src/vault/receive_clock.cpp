#include "vault/receive_clock.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kStateSizeMax = 4096;

std::int64_t nanoseconds(SteadyTime time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

std::string seconds_of(std::chrono::nanoseconds duration) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

std::string boot_of_this_machine() {
  const auto text = read_text_file("/proc/sys/kernel/random/boot_id", 100);
  return text ? std::string(trim(*text)) : "";
}

Result<std::unique_ptr<ReceiveClock>> ReceiveClock::open(Path state_file, const Clock& clock,
                                                         std::string boot) {
  std::unique_ptr<ReceiveClock> opened(
      new ReceiveClock(std::move(state_file), clock, std::move(boot)));
  const auto text = read_text_file(opened->file_, kStateSizeMax);
  if (!text && text.error().kind() != ErrorKind::not_found) return std::unexpected(text.error());
  opened->start_from(clock.now());
  if (text) {
    if (const auto restored = opened->restore(*text); !restored) {
      opened->state_.with([&](State& state) {
        state.freeze = ClockFreeze{
            state.last, "the clock's state cannot be read: " + restored.error().message()};
      });
    }
  }
  TRY(opened->tick());
  return opened;
}

void ReceiveClock::start_from(WallTime wall) {
  state_.with([&](State& state) { state = {wall, clock_.steady_now(), wall, std::nullopt}; });
}

Result<void> ReceiveClock::restore(const std::string& text) {
  const json::Value value = TRY(json::parse(text));
  const std::string boot = TRY(value["boot"].to_string("boot"));
  const auto time_of = [](const json::Value& in, std::string_view name) -> Result<WallTime> {
    const std::string time = TRY(in[name].to_string(name));
    return from_rfc3339(time);
  };
  const WallTime anchor = TRY(time_of(value, "anchor"));
  const std::int64_t steady = TRY(value["anchor_steady"].to_i64("anchor_steady"));
  const WallTime last = TRY(time_of(value, "last"));
  std::optional<ClockFreeze> freeze;
  if (const json::Value& frozen = value["frozen"]; !frozen.is_null()) {
    const WallTime since = TRY(time_of(frozen, "since"));
    freeze = ClockFreeze{since, TRY(frozen["reason"].to_string("reason"))};
  }
  const WallTime now = clock_.now();
  state_.with([&](State& state) {
    state.last = last;
    state.freeze = freeze;
    if (boot == boot_ && !boot.empty()) {
      state.anchor_wall = anchor;
      state.anchor_steady = SteadyTime(std::chrono::nanoseconds(steady));
      return;
    }
    // While it was down nobody looked at the clock.
    const auto gap = now - last;
    if (gap >= -kDriftMax && gap <= kGapMax) return;
    state.anchor_wall = last;
    if (!state.freeze) {
      state.freeze = ClockFreeze{
          last, fmt::format("the machine started again and its clock had moved by {}; it may do so "
                            "by {} at most",
                            seconds_of(gap), seconds_of(kGapMax))};
    }
  });
  return {};
}

WallTime ReceiveClock::expected(const State& state) const {
  return state.anchor_wall + (clock_.steady_now() - state.anchor_steady);
}

void ReceiveClock::look(State& state) const {
  const WallTime wall = clock_.now();
  const WallTime steady = expected(state);
  const auto drift = wall - steady;
  if (!state.freeze && (drift > kDriftMax || drift < -kDriftMax)) {
    state.freeze = ClockFreeze{std::max(state.last, std::min(wall, steady)),
                               fmt::format("the clock jumped by {}", seconds_of(drift))};
    log::error("the clock jumped; nothing expires until an officer accepts it",
               {{"by", seconds_of(drift)}});
  }
  state.last = std::max(state.last, state.freeze ? steady : wall);
}

WallTime ReceiveClock::now() {
  return state_.with([&](State& state) {
    look(state);
    return state.last;
  });
}

WallTime ReceiveClock::expiry_now() {
  return state_.with([&](State& state) {
    look(state);
    return state.freeze ? state.freeze->since : state.last;
  });
}

std::optional<ClockFreeze> ReceiveClock::frozen() const {
  return state_.with([](const State& state) { return state.freeze; });
}

Result<void> ReceiveClock::tick() {
  state_.with([&](State& state) { look(state); });
  return save();
}

Result<void> ReceiveClock::lose_state(WallTime last) {
  state_.with([&](State& state) {
    if (!state.freeze) {
      state.freeze = ClockFreeze{last, "the clock's state is gone, and there are receipts already"};
    }
    state.last = std::max(state.last, last);
  });
  return save();
}

Result<void> ReceiveClock::accept() {
  start_from(clock_.now());
  return save();
}

Result<void> ReceiveClock::save() const {
  const State state = state_.with([](const State& now) { return now; });
  json::Object object{{"boot", boot_},
                      {"anchor", to_rfc3339(state.anchor_wall)},
                      {"anchor_steady", nanoseconds(state.anchor_steady)},
                      {"last", to_rfc3339(state.last)},
                      {"frozen", nullptr}};
  if (state.freeze) {
    object.set("frozen", json::Object{{"since", to_rfc3339(state.freeze->since)},
                                      {"reason", state.freeze->reason}});
  }
  return write_file_atomic(file_, as_bytes(json::write(std::move(object)) + "\n"), 0600);
}

}  // namespace bulkhead::vault
