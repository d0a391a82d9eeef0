// How far a long verb is: on a terminal one line with rate and time left, written over a few times
// a second; elsewhere a plain line twice a minute; with --json one object a second, with the keys
// that restic gives it.
#pragma once

#include <chrono>
#include <deque>
#include <mutex>
#include <string>

#include "cli/repo/session.h"
#include "repository/stage_progress.h"

namespace bulkhead::cli::repo {

struct ProgressState {
  std::string_view stage{};  // what is being done, where a verb does one thing after another
  std::string_view things = "files";
  std::uint64_t things_done = 0;
  std::uint64_t things_total = 0;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  bool total_known = true;  // else the totals still grow
  std::uint64_t errors = 0;
};

// "[0:12]  43.2%  512 of 1200 files, 1.2 GiB of 3.4 GiB, 120 MiB/s, 0:32 left". Where
// bytes_total is 0 the things are what is measured: "…, 40/s, 0:17 left".
std::string describe(const ProgressState& state, std::chrono::duration<double> elapsed,
                     double rate_per_second);

// restic's keys: "files_done" and "bytes_done", or "files_restored" and "bytes_restored".
enum class DoneWords { done, restored };

// Thread-safe.
class ProgressMeter {
 public:
  explicit ProgressMeter(const SessionOptions& options, DoneWords words = DoneWords::done);
  // Clears the line.
  ~ProgressMeter();
  void show(const ProgressState& state);
  // For the verbs that work in stages; the meter must outlive it.
  repository::StageObserver observer();
  // Prints a line above the progress.
  void print_line(const std::string& line);

 private:
  using Time = std::chrono::steady_clock::time_point;
  enum class Form { none, terminal, lines, json };
  double rate(const ProgressState& state, Time now);
  void clear();
  void enter(std::string_view stage, std::uint64_t done);
  void print_json(const ProgressState& state, std::chrono::duration<double> elapsed,
                  double rate) const;

  const DoneWords words_;
  Form form_ = Form::none;
  std::chrono::milliseconds interval_{};
  const Time started_;
  std::mutex mutex_;
  Time last_;
  std::string stage_;
  std::deque<std::pair<Time, std::uint64_t>> measured_;  // what was done of the stage by when
  std::size_t width_ = 0;
};

}  // namespace bulkhead::cli::repo
