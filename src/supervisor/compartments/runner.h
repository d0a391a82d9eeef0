// Keeps one service running: its current instance, and a clean-room one beside it. Each runner has
// a thread of its own that starts every compartment of the service, since a compartment ends with
// the thread that started it; that thread also sees ends, readiness and back-off. All methods are
// thread-safe. freeze() and thaw() never wait for the thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <thread>

#include "supervisor/compartments/instance.h"

namespace bulkhead::supervisor {

struct RunnerContext {
  const Layout& layout;
  const Clock& clock;
  Path program_folder;
  // Told outside of every lock: "service.ready", a sentence, and the instance's role ("current" or
  // "cleanroom").
  std::function<void(const std::string& service, std::string_view kind, const std::string& message,
                     std::string_view role)>
      on_event;
};

class ServiceRunner {
 public:
  ServiceRunner(const ServiceConfig& config, const RunnerContext& context);
  ~ServiceRunner();

  // Begins the thread; the current instance is started unless the service is held.
  void begin(bool held);
  // Ends every instance and the thread.
  void end(std::chrono::milliseconds grace);

  // Exposure and last snapshot are not its business and are left empty.
  ServiceStatus status() const;
  // True when the current instance became ready within the time.
  bool wait_until_ready(std::chrono::milliseconds time_max) const;

  Result<void> start();
  Result<void> stop();
  // Freezes the current instance, and does not start it again if it ends: its state is evidence.
  Result<void> hold();
  // Thaws it; starts it where there is none.
  Result<void> release();
  Result<void> freeze();
  Result<void> thaw();
  Result<json::Value> evidence() const;

  Result<std::string> start_clean_room(const std::string& generation,
                                       std::chrono::milliseconds wait_max);
  Result<void> promote();
  Result<void> end_clean_room();
  // The folder that "current" or "cleanroom" stands for now.
  Result<std::string> instance_named(std::string_view role) const;

 private:
  struct Note {
    std::string_view kind;
    std::string message;
    std::string_view role;
  };

  Result<void> on_thread(std::function<Result<void>()> task);
  void run();
  // With the lock held.
  Result<Instance> launch(const std::string& generation);
  void set_state(Instance& instance, ServiceState state, std::string problem = {});
  void look_at_end(Instance& instance, std::string_view role, std::vector<Note>& notes);
  void restart_when_due(std::vector<Note>& notes);
  Result<void> freeze_current();
  Result<void> thaw_current();
  void remove_instance(Instance& instance);
  // Takes the lock itself.
  void look_at_readiness(std::string_view role);
  void tell(const std::vector<Note>& notes);
  Instance* instance_of(std::string_view role);

  const ServiceConfig& config_;
  const RunnerContext& context_;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::deque<std::packaged_task<Result<void>()>> tasks_;
  Instance current_;
  std::optional<Instance> cleanroom_;
  bool wanted_ = false;  // the current instance should run
  bool held_ = false;    // sealed: not started again by itself
  bool ending_ = false;
  std::uint32_t restarts_ = 0;
  std::uint32_t instances_ = 0;
  std::chrono::milliseconds back_off_{};
  SteadyTime start_due_;
  SteadyTime readiness_due_;
  int missed_ = 0;  // readiness checks in a row that a ready instance did not answer
  std::thread thread_;
};

}  // namespace bulkhead::supervisor
