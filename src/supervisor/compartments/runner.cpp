#include "supervisor/compartments/runner.h"

#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/log.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 50ms;
constexpr auto kReadinessWhileStarting = 50ms;
constexpr auto kReadinessInterval = 1000ms;
constexpr auto kReadinessTimeMax = 1000ms;
constexpr int kMissedMax = 2;
constexpr std::chrono::milliseconds kBackOffFirst = 200ms;
constexpr std::chrono::milliseconds kBackOffMost = 30'000ms;
constexpr auto kStopGrace = 5s;

}  // namespace

ServiceRunner::ServiceRunner(const ServiceConfig& config, const RunnerContext& context)
    : config_(config), context_(context), back_off_(kBackOffFirst) {}

ServiceRunner::~ServiceRunner() { end(0ms); }

void ServiceRunner::begin(bool held) {
  {
    const std::lock_guard lock(mutex_);
    held_ = held;
    wanted_ = !held;
    current_.since = context_.clock.now();
    if (held) current_.problem = "sealed: not started with the supervisor";
    std::error_code error;
    const Path link =
        std::filesystem::read_symlink(context_.layout.current_generation(config_.name), error);
    current_.generation = error ? "g1" : link.filename().native();
  }
  thread_ = std::thread([this] { run(); });
}

void ServiceRunner::end(std::chrono::milliseconds grace) {
  {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable() || ending_) return;
    ending_ = true;
    wanted_ = false;
    if (current_.compartment && !current_.compartment->frozen()) current_.compartment->stop(grace);
    changed_.notify_all();
  }
  thread_.join();
}

void ServiceRunner::run() {
  ::prctl(PR_SET_NAME, ("svc-" + config_.name).substr(0, 15).c_str());
  std::unique_lock lock(mutex_);
  while (!ending_) {
    changed_.wait_for(lock, kTick, [&] { return ending_ || !tasks_.empty(); });
    while (!tasks_.empty()) {
      std::packaged_task<Result<void>()> task = std::move(tasks_.front());
      tasks_.pop_front();
      task();  // with the lock held, as it expects
    }
    if (ending_) break;
    std::vector<Note> notes;
    look_at_end(current_, "current", notes);
    if (cleanroom_) look_at_end(*cleanroom_, "cleanroom", notes);
    restart_when_due(notes);
    const bool readiness_due = context_.clock.steady_now() >= readiness_due_;
    lock.unlock();
    tell(notes);
    if (readiness_due) {
      look_at_readiness("current");
      look_at_readiness("cleanroom");
    }
    lock.lock();
  }
  remove_instance(current_);
  if (cleanroom_) remove_instance(*cleanroom_);
  cleanroom_.reset();
  for (auto& task : tasks_) task();
}

Result<void> ServiceRunner::on_thread(std::function<Result<void>()> task) {
  std::packaged_task<Result<void>()> packaged([this, task = std::move(task)]() -> Result<void> {
    if (ending_) return fail(ErrorKind::unavailable, "the supervisor is ending");
    return task();
  });
  std::future<Result<void>> answer = packaged.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || !thread_.joinable()) {
      return fail(ErrorKind::unavailable, "the supervisor is ending");
    }
    tasks_.push_back(std::move(packaged));
    changed_.notify_all();
  }
  return answer.get();
}

Result<Instance> ServiceRunner::launch(const std::string& generation) {
  Instance instance;
  instance.generation = generation;
  instance.name = fmt::format("{}-{}", generation, ++instances_);
  instance.since = context_.clock.now();
  const Layout& layout = context_.layout;
  const Path data = layout.generation(config_.name, generation);
  std::error_code error;
  if (!std::filesystem::is_directory(data, error)) {
    return fail(ErrorKind::not_found, fmt::format("{}: there is no generation {} of its dataset",
                                                  config_.name, generation));
  }
  const Path sockets = layout.socket_directory(config_.name, instance.name);
  TRY(make_directories(sockets));
  if (::chmod(sockets.c_str(), 0755) != 0) return fail_errno(errno, sockets.native());
  const FileDescriptor output = TRY(open_file(layout.logs() / fmt::format("{}.log", config_.name),
                                              O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  const sandbox::Policy policy =
      policy_of(config_, layout, context_.program_folder, instance.name, generation);
  instance.compartment =
      TRY_CONTEXT(sandbox::Compartment::start(policy, output.get()), config_.name);
  instance.state = ServiceState::starting;
  readiness_due_ = {};
  missed_ = 0;
  return instance;
}

void ServiceRunner::set_state(Instance& instance, ServiceState state, std::string problem) {
  if (instance.state != state) instance.since = context_.clock.now();
  instance.state = state;
  instance.problem = std::move(problem);
  changed_.notify_all();
}

void ServiceRunner::look_at_end(Instance& instance, std::string_view role,
                                std::vector<Note>& notes) {
  if (!instance.compartment) return;
  const auto ended = instance.compartment->poll();
  if (!ended) return;
  const std::string how = ended->describe();
  instance.compartment.reset();
  remove_instance(instance);
  if (role == "cleanroom" || held_ || !wanted_) {
    set_state(instance, ServiceState::stopped, "ended by itself: " + how);
  } else {
    set_state(instance, ServiceState::waiting, "ended by itself: " + how);
    start_due_ = context_.clock.steady_now() + back_off_;
    back_off_ = std::min(back_off_ * 2, kBackOffMost);
    ++restarts_;
  }
  notes.push_back(
      {"service.ended", fmt::format("{} ended by itself ({})", config_.name, how), role});
}

void ServiceRunner::restart_when_due(std::vector<Note>& notes) {
  if (!wanted_ || held_ || current_.compartment) return;
  if (context_.clock.steady_now() < start_due_) return;
  auto launched = launch(current_.generation);
  if (launched) {
    current_ = std::move(*launched);
    notes.push_back({"service.starting", fmt::format("{} is starting", config_.name), "current"});
    return;
  }
  const std::string why = launched.error().message();
  if (current_.problem != why) {
    notes.push_back(
        {"service.failed", fmt::format("{} cannot start: {}", config_.name, why), "current"});
  }
  set_state(current_, ServiceState::waiting, why);
  start_due_ = context_.clock.steady_now() + back_off_;
  back_off_ = std::min(back_off_ * 2, kBackOffMost);
}

Instance* ServiceRunner::instance_of(std::string_view role) {
  if (role == "current") return &current_;
  return cleanroom_ ? &*cleanroom_ : nullptr;
}

void ServiceRunner::look_at_readiness(std::string_view role) {
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    const Instance* instance = instance_of(role);
    if (!instance || !instance->compartment || instance->state == ServiceState::frozen) return;
    name = instance->name;
  }
  auto answer = admit_gateway(config_, name);
  if (answer) answer = check_ready(config_, name, kReadinessTimeMax);
  std::vector<Note> notes;
  {
    const std::lock_guard lock(mutex_);
    Instance* instance = instance_of(role);
    // It may have been frozen, ended or replaced while it was asked.
    if (!instance || instance->name != name || !instance->compartment ||
        instance->state == ServiceState::frozen) {
      return;
    }
    const bool starting = instance->state == ServiceState::starting;
    // The gateway is led to an instance only when its socket is there and it answers.
    if (answer && instance->state != ServiceState::ready) {
      answer = replace_symlink(context_.layout.socket_directory(config_.name, role), name);
    }
    if (answer) {
      missed_ = 0;
      if (instance->state != ServiceState::ready) {
        set_state(*instance, ServiceState::ready);
        back_off_ = kBackOffFirst;
        notes.push_back({"service.ready", fmt::format("{} is ready", config_.name), role});
      }
    } else if (starting) {
      instance->problem = answer.error().message();
    } else if (++missed_ >= kMissedMax && instance->state == ServiceState::ready) {
      set_state(*instance, ServiceState::unready, answer.error().message());
      notes.push_back(
          {"service.unready",
           fmt::format("{} does not answer: {}", config_.name, answer.error().message()), role});
    }
    const bool soon = !answer && starting;
    readiness_due_ =
        context_.clock.steady_now() + (soon ? std::chrono::milliseconds(kReadinessWhileStarting)
                                            : std::chrono::milliseconds(kReadinessInterval));
  }
  tell(notes);
}

void ServiceRunner::tell(const std::vector<Note>& notes) {
  for (const Note& note : notes) {
    context_.on_event(config_.name, note.kind, note.message, note.role);
  }
}

// What the instance leaves in run/; its dataset stays.
void ServiceRunner::remove_instance(Instance& instance) {
  if (instance.compartment) {
    instance.compartment->kill();
    instance.compartment.reset();
  }
  if (instance.name.empty()) return;
  const auto removed = remove_tree(context_.layout.socket_directory(config_.name, instance.name));
  if (!removed) log::warning("removing an instance", {{"why", removed.error().message()}});
}

ServiceStatus ServiceRunner::status() const {
  const std::lock_guard lock(mutex_);
  ServiceStatus out;
  out.name = config_.name;
  out.state = current_.state;
  out.since = current_.since;
  out.restarts = restarts_;
  out.instance = current_.compartment ? current_.name : "";
  out.generation = current_.generation;
  out.cleanroom_instance = cleanroom_ && cleanroom_->compartment ? cleanroom_->name : "";
  out.problem = current_.problem;
  return out;
}

bool ServiceRunner::wait_until_ready(std::chrono::milliseconds time_max) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time_max, [&] {
    return current_.state == ServiceState::ready || ending_;
  }) && !ending_;
}

Result<void> ServiceRunner::start() {
  return on_thread([this]() -> Result<void> {
    wanted_ = true;
    held_ = false;
    if (current_.compartment) return {};
    start_due_ = {};
    back_off_ = kBackOffFirst;
    Instance launched = TRY(launch(current_.generation));
    current_ = std::move(launched);
    return {};
  });
}

Result<void> ServiceRunner::stop() {
  return on_thread([this]() -> Result<void> {
    wanted_ = false;
    if (current_.compartment) {
      if (current_.compartment->frozen()) {
        current_.compartment->kill();
      } else {
        current_.compartment->stop(kStopGrace);
      }
      current_.compartment.reset();
    }
    remove_instance(current_);
    set_state(current_, ServiceState::stopped);
    return {};
  });
}

Result<void> ServiceRunner::hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
  return freeze_current();
}

Result<void> ServiceRunner::release() {
  bool to_start = false;
  {
    const std::lock_guard lock(mutex_);
    held_ = false;
    TRY(thaw_current());
    to_start = !current_.compartment;
  }
  if (to_start) return start();
  return {};
}

Result<void> ServiceRunner::freeze() {
  const std::lock_guard lock(mutex_);
  return freeze_current();
}

Result<void> ServiceRunner::thaw() {
  const std::lock_guard lock(mutex_);
  return thaw_current();
}

Result<void> ServiceRunner::freeze_current() {
  if (!current_.compartment || current_.compartment->frozen()) return {};
  TRY_CONTEXT(current_.compartment->freeze(), config_.name);
  set_state(current_, ServiceState::frozen);
  return {};
}

Result<void> ServiceRunner::thaw_current() {
  if (!current_.compartment || !current_.compartment->frozen()) return {};
  TRY_CONTEXT(current_.compartment->thaw(), config_.name);
  set_state(current_, ServiceState::starting);
  readiness_due_ = {};
  return {};
}

Result<json::Value> ServiceRunner::evidence() const {
  const std::lock_guard lock(mutex_);
  if (!current_.compartment || !current_.compartment->frozen()) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is not frozen, so its processes would change while they are read",
                            config_.name));
  }
  const std::string text = TRY(current_.compartment->evidence());
  return json::parse(text);
}

Result<std::string> ServiceRunner::start_clean_room(const std::string& generation,
                                                    std::chrono::milliseconds wait_max) {
  std::string name;
  TRY(on_thread([&]() -> Result<void> {
    if (cleanroom_) remove_instance(*cleanroom_);
    cleanroom_.reset();
    Instance launched = TRY(launch(generation));
    name = launched.name;
    cleanroom_ = std::move(launched);
    return {};
  }));
  std::unique_lock lock(mutex_);
  const auto settled = [&] {
    return ending_ || !cleanroom_ || cleanroom_->name != name ||
           cleanroom_->state == ServiceState::ready || !cleanroom_->compartment;
  };
  changed_.wait_for(lock, wait_max, settled);
  if (cleanroom_ && cleanroom_->name == name && cleanroom_->state == ServiceState::ready) {
    return name;
  }
  const std::string problem =
      cleanroom_ && cleanroom_->name == name ? cleanroom_->problem : "it was replaced or ended";
  return fail(ErrorKind::unavailable,
              fmt::format("{}: generation {} is not ready in the clean room: {}", config_.name,
                          generation, problem));
}

Result<void> ServiceRunner::promote() {
  return on_thread([this]() -> Result<void> {
    if (!cleanroom_ || !cleanroom_->compartment) {
      return fail(ErrorKind::conflict,
                  fmt::format("{} has no instance in the clean room to promote", config_.name));
    }
    const Layout& layout = context_.layout;
    // Data first: after a crash in between, the clean data is started, never the old.
    TRY(replace_symlink(layout.current_generation(config_.name), cleanroom_->generation));
    TRY(replace_symlink(layout.socket_directory(config_.name, "current"), cleanroom_->name));
    Instance old = std::move(current_);
    current_ = std::move(*cleanroom_);
    cleanroom_.reset();
    std::error_code ignored;  // The link points to what is now current; a next one replaces it.
    std::filesystem::remove(layout.socket_directory(config_.name, "cleanroom"), ignored);
    wanted_ = true;
    held_ = false;
    missed_ = 0;
    readiness_due_ = {};
    remove_instance(old);
    changed_.notify_all();
    return {};
  });
}

Result<void> ServiceRunner::end_clean_room() {
  return on_thread([this]() -> Result<void> {
    if (!cleanroom_) return {};
    remove_instance(*cleanroom_);
    cleanroom_.reset();
    std::error_code ignored;  // A link that points nowhere refuses connections as well.
    std::filesystem::remove(context_.layout.socket_directory(config_.name, "cleanroom"), ignored);
    return {};
  });
}

Result<std::string> ServiceRunner::instance_named(std::string_view role) const {
  const std::lock_guard lock(mutex_);
  const Instance* instance = role == "current" ? &current_ : (cleanroom_ ? &*cleanroom_ : nullptr);
  if (!instance || !instance->compartment) {
    return fail(ErrorKind::unavailable, fmt::format("{} has no {} instance", config_.name, role));
  }
  return instance->name;
}

}  // namespace bulkhead::supervisor
