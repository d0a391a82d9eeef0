// Writes the status page's files whenever something changed, in a thread of its own: nobody waits
// for it, and what fails is logged. Changes that come in a burst make one writing.
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "base/periodic_task.h"
#include "supervisor/status/status_page.h"

namespace bulkhead::supervisor {

class StatusWriter {
 public:
  // `services` is asked from the writer's thread, with no lock held. All must outlive it.
  StatusWriter(const Estate& estate, const Layout& layout, const Messages& messages,
               const Clock& clock, std::function<std::vector<ServiceStatus>()> services);

  void show(const StatusIncident& incident);
  void note_change();
  // Writes now, in the caller's thread.
  Result<void> write();

 private:
  const Estate& estate_;
  const Layout& layout_;
  const Messages& messages_;
  const Clock& clock_;
  std::function<std::vector<ServiceStatus>()> services_;
  std::mutex writing_;                     // one writer at a time; taken before mutex_
  std::mutex mutex_;                       // guards what follows
  std::vector<StatusIncident> incidents_;  // newest first
  PeriodicTask task_;
};

}  // namespace bulkhead::supervisor
