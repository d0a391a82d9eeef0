// The gateway as a running program: one HAProxy, started again when it dies, and the exposures that
// it applies. It outlives a supervisor that is killed, so that visitors still get an answer; the
// next supervisor replaces it without closing the ports. Thread-safe.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/process.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"
#include "supervisor/gateway/files.h"
#include "supervisor/gateway/runtime.h"

namespace bulkhead::supervisor {

class Gateway {
 public:
  // Writes its files and starts it; answers once it accepts connections. The working directory of
  // the process must be the estate's folder.
  static Result<std::unique_ptr<Gateway>> start(const Estate& estate, const Layout& layout,
                                                const Messages& messages);
  ~Gateway();

  ExposureByService exposures() const;
  // In force for every request that begins after it has answered, and kept on disk. For what is
  // sealed now, requests and connections under way are ended too. `in_force` is called as soon as
  // the gateway refuses, before that slower work.
  Result<void> set_exposures(const ExposureByService& changes,
                             const std::function<void()>& in_force = {});
  // Requests and connections under way with these services are ended; who waits for an answer gets
  // one, from the gateway.
  void end_sessions(const std::vector<std::string>& services);
  // The service answers again: do not wait for the gateway's next health check.
  void note_ready(const std::string& service, std::string_view instance);
  // Ends it: new connections are refused at once, those under way get `grace`.
  void stop(std::chrono::milliseconds grace);

 private:
  Gateway(const Estate& estate, const Layout& layout);
  Result<void> launch();
  Result<void> wait_until_it_answers(pid_t id, const Path& log, std::uintmax_t log_begin);
  void watch();
  std::vector<std::string> backends_of(const std::vector<std::string>& services) const;
  void shut_down(const std::vector<std::string>& backends);

  const Estate& estate_;
  const Layout& layout_;
  GatewayRuntime runtime_;
  mutable std::mutex mutex_;  // guards what follows
  ExposureByService exposures_;
  std::optional<Process> process_;
  std::atomic<bool> ending_ = false;
  std::thread watcher_;
};

}  // namespace bulkhead::supervisor
