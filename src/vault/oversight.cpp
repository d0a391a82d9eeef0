#include "vault/oversight.h"

#include <cerrno>

#include <fmt/format.h>

#include "base/log.h"
#include "http/client.h"
#include "vault/request_path.h"

namespace bulkhead::vault {
namespace {

// Folders that one tick scrubs at most, so that orders and the clock do not wait for long.
constexpr int kScrubbedAtOnce = 4;
constexpr std::chrono::minutes kClockSaved{1};
constexpr std::chrono::seconds kWebhookTimeout{10};

// Two programs on one folder would take each other's unfinished uploads for leftovers.
Result<FileDescriptor> lock_folder(const Path& folder) {
  FileDescriptor file = TRY(open_file(folder / "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  struct flock whole{};
  whole.l_type = F_WRLCK;
  whole.l_whence = SEEK_SET;
  if (::fcntl(file.get(), F_OFD_SETLK, &whole) == 0) return file;
  if (errno != EAGAIN && errno != EACCES) return fail_errno(errno, folder.native());
  return fail(ErrorKind::conflict,
              fmt::format("{}: another bulkhead-vault has this folder open; stop it first",
                          folder.parent_path().native()));
}

}  // namespace

Oversight::Oversight(const Configuration& configuration, const Clock& clock)
    : configuration_(configuration),
      clock_(clock),
      whole_({.bytes = configuration.size_max}),
      scrub_(std::make_unique<Scrub>(configuration.state_folder() / "scrub.json",
                                     configuration.scrub_period, clock)) {}

Result<std::unique_ptr<Oversight>> Oversight::open(const Configuration& configuration,
                                                   const Clock& clock, FileLayer& files,
                                                   OpenCopies open_copies) {
  const Path folder = configuration.state_folder();
  TRY(make_directories(folder, 0700));
  std::unique_ptr<Oversight> opened(new Oversight(configuration, clock));
  opened->lock_ = TRY(lock_folder(folder));
  const bool knows_the_clock = std::filesystem::exists(folder / "clock.json");
  opened->receive_clock_ =
      TRY(ReceiveClock::open(folder / "clock.json", clock, boot_of_this_machine()));
  opened->alarms_ = TRY(Alarms::open(
      folder, files,
      configuration.webhook.empty() ? Alarms::Posting::none : Alarms::Posting::wanted));
  opened->orders_ = TRY(Orders::open(folder, files, configuration.destruction_delay));
  opened->ledger_ = TRY(VaultLedger::open(folder, opened->orders_->vault(), opened->random_));
  opened->alarms_->record_with(
      [ledger = opened->ledger_.get()](const Alarm& alarm) { return ledger->record(alarm); });
  TRY(read_officers(configuration.officers));
  opened->copies_ = TRY(open_copies(configuration.object_store, clock, [opened = opened.get()] {
    return opened->receive_clock_->now();
  }));
  opened->repositories_ = std::make_unique<Repositories>(
      configuration, Surroundings{clock, *opened->receive_clock_, files, *opened->alarms_,
                                  *opened->orders_, opened->whole_, opened->copies_.get()});
  TRY(opened->repositories_->open_all());
  if (!knows_the_clock) TRY(opened->doubt_clock());
  opened->scrub_->restore();
  opened->tending_ =
      std::make_unique<TendingRounds>(folder / "tending.json", *opened->receive_clock_, clock);
  opened->tending_->restore();
  opened->open_copy_rounds();
  opened->look_at_clock();
  return opened;
}

// A folder that came here without what was known of its clock.
Result<void> Oversight::doubt_clock() {
  std::optional<WallTime> last;
  for (const auto& [name, store] : repositories_->all()) {
    last = std::max(last, store->standing().last_received);
  }
  return last ? receive_clock_->lose_state(*last) : Result<void>();
}

void Oversight::open_copy_rounds() {
  if (!copies_) return;
  copy_rounds_ = std::make_unique<CopyRounds>(CopyRounds::Options{
      .state_file = configuration_.state_folder() / "copies.json",
      .store = configuration_.object_store.bucket,
      .period = copies_->period(),
      .now = [this] { return receive_clock_->now(); },
      .alarm =
          [this](const std::string& repository, std::string text) {
            alarms_->raise(
                {receive_clock_->now(), AlarmKind::object_store, repository, std::move(text)});
          },
  });
  copy_rounds_->restore();
}

std::optional<CopyTotals> Oversight::copies() const {
  if (!copy_rounds_) return std::nullopt;
  return copy_rounds_->totals();
}

void Oversight::look_at_clock() {
  (void)receive_clock_->now();
  const auto frozen = receive_clock_->frozen();
  const SteadyTime now = clock_.steady_now();
  if (now >= clock_save_due_ || frozen.has_value() != clock_was_frozen_) {
    clock_save_due_ = now + kClockSaved;
    if (const auto written = receive_clock_->tick(); !written) {
      log::error("the clock's state was not written", {{"error", written.error().message()}});
    }
  }
  if (frozen && !clock_was_frozen_) {
    alarms_->raise({receive_clock_->now(), AlarmKind::clock_jump, "",
                    fmt::format("{}; nothing expires until an officer accepts the system's time",
                                frozen->reason)});
  }
  clock_was_frozen_ = frozen.has_value();
}

void Oversight::raise(AlarmKind kind, std::string text) {
  alarms_->raise({receive_clock_->now(), kind, "", std::move(text)});
}

Result<std::string> Oversight::take_order(std::string_view envelope) {
  const auto officers = TRY(read_officers(configuration_.officers));
  const Statement statement = TRY(open_statement(envelope, officers));
  if (statement.order == Order::destroy) TRY(repositories_->find(statement.repository));
  if (statement.order == Order::accept_clock) {
    const auto frozen = receive_clock_->frozen();
    if (!frozen || frozen->id() != statement.request) {
      return fail(ErrorKind::conflict, "the clock is not frozen, or by another jump than this");
    }
  }
  std::string said = TRY(orders_->take(statement, envelope, receive_clock_->now()));
  if (statement.order == Order::accept_clock) TRY(receive_clock_->accept());
  const AlarmKind kind = statement.order == Order::enrol_key      ? AlarmKind::key_enrolled
                         : statement.order == Order::accept_clock ? AlarmKind::clock_jump
                                                                  : AlarmKind::destruction;
  alarms_->raise({receive_clock_->now(), kind, statement.repository,
                  fmt::format("ordered by {}: {}", statement.officer, said)});
  return said;
}

void Oversight::destroy_what_is_due() {
  // Nothing is destroyed unannounced: whoever can keep the webhook from hearing must not be able to
  // destroy thereby.
  if (!alarms_->destructions_are_announced()) return;
  // A frozen clock brings no destruction nearer.
  for (const Destruction& one : orders_->due(receive_clock_->expiry_now())) {
    const auto destroyed = repositories_->destroy(one.repository);
    // One that is not there any more was destroyed before the vault was stopped.
    if (!destroyed && destroyed.error().kind() != ErrorKind::not_found) {
      log::error("destroying failed",
                 {{"repository", one.repository}, {"error", destroyed.error().message()}});
      continue;
    }
    if (const auto marked = orders_->mark_done(one.request, receive_clock_->now()); !marked) {
      log::error("a destruction was not marked done", {{"error", marked.error().message()}});
    }
    alarms_->raise({receive_clock_->now(), AlarmKind::destruction, one.repository,
                    fmt::format("destroyed, as {} and {} ordered (request {})", one.first_officer,
                                one.second_officer, one.request)});
  }
}

void Oversight::post_alarms() {
  // Most of the time there is none, and a client brings libcurl.
  if (!alarms_->next_unposted()) return;
  http::Client client({.timeout = kWebhookTimeout});
  // In their order, and at the first that is not taken all wait for the next time.
  while (const auto alarm = stopping_ ? std::nullopt : alarms_->next_unposted()) {
    http::ClientRequest request{.method = http::Method::post, .url = configuration_.webhook};
    request.headers.set("Content-Type", "application/json");
    request.body = encode_alarm(*alarm);
    const auto answer = client.send(request);
    const bool is_taken = answer && answer->status < 300;
    if (!is_taken && !std::exchange(webhook_fails_, true)) {
      log::error("an alarm was not posted, and is tried again",
                 {{"error",
                   answer ? fmt::format("status {}", answer->status) : answer.error().message()}});
    }
    if (!is_taken) return;
    webhook_fails_ = false;
    alarms_->was_posted(*alarm);
  }
}

void Oversight::tick() {
  look_at_clock();
  post_alarms();
  destroy_what_is_due();
  for (const auto& [name, store] : repositories_->all()) store->inspect(stopping_);
  if (!stopping_) scrub_->step(*repositories_, {.folders_max = kScrubbedAtOnce, .stop = stopping_});
  post_alarms();
}

void Oversight::keep_copies() {
  if (copy_rounds_ && !stopping_) copy_rounds_->step(*repositories_, stopping_);
}

void Oversight::tend() {
  if (!stopping_) tending_->step(*repositories_, stopping_);
}

Result<RebuildReport> Oversight::rebuild(const std::string& repository,
                                         std::optional<WallTime> before) {
  if (!copies_) return fail(ErrorKind::invalid, "the configuration names no [object_store]");
  if (!is_repository_name(repository)) {
    return fail(ErrorKind::invalid, repository + " is not a name of a repository");
  }
  if (TRY(copies_->versions(repository, storage::FileType::config)).empty()) {
    return fail(ErrorKind::not_found,
                fmt::format("the object store has no repository {}: look at its name", repository));
  }
  const Repositories::Store store = TRY(repositories_->create(repository));
  return store->rebuild(before);
}

void Oversight::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_called_.notify_all();
}

bool Oversight::stopped_within(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return stop_called_.wait_for(lock, time, [this] { return stopping_.load(); });
}

}  // namespace bulkhead::vault
