// Work that takes longer than a request: started, looked at by its id, never waited for by the
// control API. A job lives in memory only: what must survive a restart is in the repository and in
// the incident's timeline. Thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "json/value.h"

namespace bulkhead::supervisor {

inline constexpr std::size_t kJobsRunningMax = 8;
inline constexpr std::size_t kJobsKeptMax = 200;

enum class JobState { running, succeeded, failed };
std::string_view name_of(JobState state);

struct JobStatus {
  std::string id;
  std::string kind;  // "backup", "recovery"
  JobState state = JobState::running;
  double progress = 0;  // 0 to 1
  std::string message;  // what is being done; at the end what was done, or what went wrong
  json::Value result;
  WallTime started;
  std::optional<WallTime> ended;
};
json::Value to_json(const JobStatus& status);

// What the work itself sees of its job.
class JobHandle {
 public:
  void report(double progress, std::string message);
  const std::atomic<bool>& cancelled() const { return cancelled_; }

 private:
  friend class Jobs;
  explicit JobHandle(JobStatus status) : status_(std::move(status)) {}
  Guarded<JobStatus> status_;
  std::atomic<bool> cancelled_ = false;
};

class Jobs {
 public:
  using Work = std::function<Result<json::Value>(JobHandle&)>;

  explicit Jobs(const Clock& clock) : clock_(clock) {}
  // Cancels what runs and waits for it.
  ~Jobs() { stop(); }
  // The job's id. Kind limit while kJobsRunningMax run.
  Result<std::string> start(std::string kind, Work work);
  Result<JobStatus> find(std::string_view id) const;
  // Nothing can be started afterwards.
  void stop();

 private:
  struct Job {
    std::shared_ptr<JobHandle> handle;  // shared: status is read while the thread runs
    std::thread thread;
  };
  void forget_old();

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::uint64_t, Job> jobs_;  // under mutex_
  std::uint64_t last_ = 0;             // under mutex_
  bool stopped_ = false;               // under mutex_
};

}  // namespace bulkhead::supervisor
