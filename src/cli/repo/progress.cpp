#include "cli/repo/progress.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/repo/output.h"
#include "json/value.h"

namespace bulkhead::cli::repo {
namespace {

constexpr std::chrono::milliseconds kTerminalInterval{200};
constexpr std::chrono::milliseconds kLinesInterval{30'000};
constexpr std::chrono::milliseconds kJsonInterval{1'000};
// The rate is that of the last moments: what it was an hour ago says nothing of the time left.
constexpr std::chrono::seconds kRateWindow{15};

std::uint64_t done(const ProgressState& state) {
  return state.bytes_total > 0 ? state.bytes_done : state.things_done;
}
std::uint64_t total(const ProgressState& state) {
  return state.bytes_total > 0 ? state.bytes_total : state.things_total;
}

std::optional<std::chrono::seconds> time_left(const ProgressState& state, double rate) {
  if (!state.total_known || rate <= 0 || total(state) < done(state)) return std::nullopt;
  const double seconds = static_cast<double>(total(state) - done(state)) / rate;
  if (seconds > 1e9) return std::nullopt;
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string describe(const ProgressState& state, std::chrono::duration<double> elapsed,
                     double rate) {
  const auto rounded = std::chrono::duration_cast<std::chrono::seconds>(elapsed);
  std::string text = fmt::format("[{}]", show_duration(rounded));
  if (!state.stage.empty()) text += fmt::format("  {}:", state.stage);
  if (state.total_known && total(state) > 0) {
    const double part = static_cast<double>(done(state)) / static_cast<double>(total(state));
    text += fmt::format("  {:.1f}%", 100 * std::min(part, 1.0));
  }
  const char* more = state.total_known ? "" : "+";
  text += fmt::format("  {} of {}{} {}", state.things_done, state.things_total, more, state.things);
  if (state.bytes_total > 0) {
    text += fmt::format(", {} of {}{}", show_size(state.bytes_done), show_size(state.bytes_total),
                        more);
    if (rate > 0) text += fmt::format(", {}/s", show_size(static_cast<std::uint64_t>(rate)));
  } else if (rate >= 1) {
    text += fmt::format(", {:.0f}/s", rate);
  }
  if (const auto left = time_left(state, rate)) {
    text += fmt::format(", {} left", show_duration(*left));
  }
  if (state.errors > 0) text += fmt::format(", {} errors", state.errors);
  return text;
}

ProgressMeter::ProgressMeter(const SessionOptions& options, DoneWords words)
    : words_(words), started_(std::chrono::steady_clock::now()), last_(started_) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  // restic's: how often a second, 0.1 for every ten seconds; it counts for more than --quiet.
  const char* wanted = std::getenv("RESTIC_PROGRESS_FPS");
  const double frequency = wanted == nullptr ? 0 : std::strtod(wanted, nullptr);
  if (options.quiet && frequency <= 0) return;
  if (options.json) form_ = Form::json;
  else form_ = terminal ? Form::terminal : Form::lines;
  interval_ = form_ == Form::json       ? kJsonInterval
              : form_ == Form::terminal ? kTerminalInterval
                                        : kLinesInterval;
  if (frequency > 0) {
    const double milliseconds = 1000 / std::clamp(frequency, 1e-4, 1e4);
    interval_ = std::chrono::milliseconds(static_cast<std::int64_t>(milliseconds));
  }
}

ProgressMeter::~ProgressMeter() { clear(); }

void ProgressMeter::clear() {
  if (width_ > 0) std::fputs(fmt::format("\r{:{}}\r", "", width_).c_str(), stderr);
  width_ = 0;
}

// Each stage has a rate of its own.
void ProgressMeter::enter(std::string_view stage, std::uint64_t already_done) {
  const bool first = measured_.empty();
  if (!first && stage == stage_) return;
  stage_ = stage;
  measured_.clear();
  if (first) measured_.emplace_back(started_, 0);
  else measured_.emplace_back(std::chrono::steady_clock::now(), already_done);
}

void ProgressMeter::print_json(const ProgressState& state, std::chrono::duration<double> elapsed,
                               double rate) const {
  json::Object object{{"message_type", "status"},
                      {"seconds_elapsed", static_cast<std::int64_t>(elapsed.count())}};
  if (const auto left = time_left(state, rate)) {
    object.set("seconds_remaining", static_cast<std::int64_t>(left->count()));
  }
  if (!state.stage.empty()) object.set("stage", state.stage);
  const double part =
      total(state) > 0 ? static_cast<double>(done(state)) / static_cast<double>(total(state)) : 0;
  object.set("percent_done", state.total_known ? std::min(part, 1.0) : 0);
  object.set("total_files", state.things_total);
  const bool restored = words_ == DoneWords::restored;
  object.set(restored ? "files_restored" : "files_done", state.things_done);
  object.set("total_bytes", state.bytes_total);
  object.set(restored ? "bytes_restored" : "bytes_done", state.bytes_done);
  if (state.errors > 0) object.set("error_count", state.errors);
  std::fputs((json::write(object) + "\n").c_str(), stdout);
  std::fflush(stdout);
}

double ProgressMeter::rate(const ProgressState& state, Time now) {
  measured_.emplace_back(now, done(state));
  while (measured_.size() > 2 && now - measured_[1].first > kRateWindow) measured_.pop_front();
  const std::chrono::duration<double> span = now - measured_.front().first;
  if (span.count() <= 0 || done(state) < measured_.front().second) return 0;
  return static_cast<double>(done(state) - measured_.front().second) / span.count();
}

void ProgressMeter::show(const ProgressState& state) {
  if (form_ == Form::none) return;
  const std::lock_guard lock(mutex_);
  enter(state.stage, done(state));
  const Time now = std::chrono::steady_clock::now();
  if (now - last_ < interval_) return;
  last_ = now;
  const double per_second = rate(state, now);
  if (form_ == Form::json) return print_json(state, now - started_, per_second);
  std::string text = describe(state, now - started_, per_second);
  if (form_ == Form::terminal) {
    // A line that wraps cannot be written over.
    text.resize(std::min(text.size(), terminal_columns() - 1));
    std::fputs(fmt::format("\r{:{}}", text, width_).c_str(), stderr);
    width_ = std::max(width_, text.size());
  } else {
    std::fputs((text + "\n").c_str(), stderr);
  }
  std::fflush(stderr);
}

repository::StageObserver ProgressMeter::observer() {
  return [this](const repository::StageProgress& progress) {
    show({.stage = progress.stage,
          .things = progress.things,
          .things_done = progress.done,
          .things_total = progress.total,
          .bytes_done = progress.bytes_done,
          .bytes_total = progress.bytes_total,
          .total_known = progress.total_known});
  };
}

void ProgressMeter::print_line(const std::string& line) {
  const std::lock_guard lock(mutex_);
  clear();
  std::fputs((line + "\n").c_str(), stdout);
}

}  // namespace bulkhead::cli::repo
