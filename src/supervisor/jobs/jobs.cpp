#include "supervisor/jobs/jobs.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/text.h"

namespace bulkhead::supervisor {

std::string_view name_of(JobState state) {
  switch (state) {
    case JobState::running: return "running";
    case JobState::succeeded: return "succeeded";
    case JobState::failed: return "failed";
  }
  return "failed";
}

json::Value to_json(const JobStatus& status) {
  json::Object object{{"id", status.id},
                      {"kind", status.kind},
                      {"state", std::string(name_of(status.state))},
                      {"progress", status.progress},
                      {"message", status.message},
                      {"started", to_rfc3339_milliseconds(status.started)}};
  if (status.ended) object.set("ended", to_rfc3339_milliseconds(*status.ended));
  if (!status.result.is_null()) object.set("result", status.result);
  return object;
}

void JobHandle::report(double progress, std::string message) {
  status_.with([&](JobStatus& status) {
    status.progress = std::clamp(progress, 0.0, 1.0);
    status.message = std::move(message);
  });
}

Result<std::string> Jobs::start(std::string kind, Work work) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return fail(ErrorKind::unavailable, "bulkheadd is stopping");
  forget_old();
  const auto running = std::ranges::count_if(jobs_, [](const auto& entry) {
    return entry.second.handle->status_.with(
        [](const JobStatus& status) { return status.state == JobState::running; });
  });
  if (static_cast<std::size_t>(running) >= kJobsRunningMax) {
    return fail(ErrorKind::limit, "too many jobs run already; wait for one to end",
                Retry::may_help);
  }
  const std::uint64_t number = ++last_;
  JobStatus status{.id = std::to_string(number), .kind = std::move(kind)};
  status.started = clock_.now();
  Job& job = jobs_[number];
  job.handle = std::shared_ptr<JobHandle>(new JobHandle(std::move(status)));
  job.thread = std::thread([this, handle = job.handle, work = std::move(work)] {
    const Result<json::Value> result = work(*handle);
    handle->status_.with([&](JobStatus& ended) {
      ended.ended = clock_.now();
      if (result) {
        ended.state = JobState::succeeded;
        ended.progress = 1;
        ended.result = *result;
        return;
      }
      ended.state = JobState::failed;
      ended.message = result.error().message();
      log::warning("A job failed",
                   {{"kind", ended.kind}, {"id", ended.id}, {"error", ended.message}});
    });
  });
  return std::to_string(number);
}

Result<JobStatus> Jobs::find(std::string_view id) const {
  const std::optional<std::uint64_t> number = parse_u64(id);
  const std::lock_guard lock(mutex_);
  const auto found = number ? jobs_.find(*number) : jobs_.end();
  if (found == jobs_.end()) {
    return fail(ErrorKind::not_found, "there is no job " + std::string(id) +
                                          "; those from before the last start of bulkheadd are "
                                          "forgotten");
  }
  return found->second.handle->status_.with([](const JobStatus& status) { return status; });
}

void Jobs::forget_old() {
  for (auto entry = jobs_.begin(); entry != jobs_.end() && jobs_.size() >= kJobsKeptMax;) {
    const bool is_running = entry->second.handle->status_.with(
        [](const JobStatus& status) { return status.state == JobState::running; });
    if (is_running) {
      ++entry;
      continue;
    }
    entry->second.thread.join();
    entry = jobs_.erase(entry);
  }
}

void Jobs::stop() {
  std::map<std::uint64_t, Job> jobs;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    jobs.swap(jobs_);
  }
  for (auto& [number, job] : jobs) job.handle->cancelled_ = true;
  for (auto& [number, job] : jobs) job.thread.join();
}

}  // namespace bulkhead::supervisor
