#include "ledger/ledger.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <sys/prctl.h>

#include "base/log.h"
#include "ledger/journal.h"

namespace bulkhead::ledger {
namespace {

using SteadyClock = std::chrono::steady_clock;

// After a checkpoint could not be written.
constexpr std::chrono::seconds kRetryDelay{1};

}  // namespace

// Entries that are acknowledged together.
struct Ledger::Group {
  std::vector<Bytes> entries;  // nobody's to change once the group is taken out of the line
  std::size_t bytes = 0;

  std::mutex mutex;  // guards what follows
  std::condition_variable ended;
  std::optional<Result<std::uint64_t>> first;  // of the entries' indexes

  void end(Result<std::uint64_t> result) {
    const std::lock_guard lock(mutex);
    first = std::move(result);
    ended.notify_all();
  }
};

struct Ledger::State {
  State(std::unique_ptr<Files> own_files, std::string origin, NoteSigner signer,
        LedgerOptions own_options)
      : files(std::move(own_files)),
        options(own_options),
        journal(*files),
        tree(*files, std::move(origin), std::move(signer)) {}

  Result<void> recover();
  Result<void> keep(std::uint64_t first, const std::vector<Bytes>& entries);
  void run_journal();
  std::shared_ptr<Group> next_group(std::unique_lock<std::mutex>& lock);
  bool is_too_far_ahead() const;
  void run_signing();
  Result<void> sign(const std::vector<std::shared_ptr<Group>>& groups);
  void sign_and_tell(std::unique_lock<std::mutex>& lock);
  bool is_sign_due() const;

  const std::unique_ptr<Files> files;
  const LedgerOptions options;

  // Of the journal's thread alone, once it runs.
  Journal journal;
  bool is_journal_begun = false;
  // Of the signing thread alone, once it runs.
  SignedTree tree;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable work;
  std::condition_variable room;
  std::condition_variable to_sign;
  std::condition_variable signed_or_not;
  std::shared_ptr<Group> open_group = std::make_shared<Group>();
  std::vector<std::shared_ptr<Group>> unsigned_groups;  // acknowledged, and not in the tree
  SignedCheckpoint checkpoint;
  LedgerCounts counts;
  std::uint64_t acknowledged = 0;
  SteadyClock::time_point sign_at = SteadyClock::time_point::max();
  std::uint64_t sign_attempts = 0;
  std::optional<Error> sign_error;  // of the last attempt
  bool is_sign_wanted = false;
  bool is_closing = false;
  bool is_journal_ended = false;  // nothing is acknowledged any more
  std::thread journal_thread;
  std::thread signing_thread;
};

Result<void> Ledger::State::recover() {
  TRY(tree.open());
  const std::vector<Bytes> rest = TRY(journal.recover(tree.size()));
  for (const Bytes& entry : rest) tree.add(entry);
  if (!rest.empty()) TRY(tree.sign());
  acknowledged = tree.size();
  checkpoint = tree.checkpoint();
  return remove_journal(*files);
}

// The one place where entries come to the disk.
Result<void> Ledger::State::keep(std::uint64_t first, const std::vector<Bytes>& entries) {
  if (journal.size() > options.journal_size_max) is_journal_begun = false;
  if (!is_journal_begun) {
    TRY(journal.begin(first));
    is_journal_begun = true;
  }
  const auto kept = journal.append(entries);
  if (!kept) is_journal_begun = false;
  return kept;
}

// Where signing fails it is told elsewhere, and what happens is recorded all the same.
bool Ledger::State::is_too_far_ahead() const {
  return acknowledged - checkpoint.size >= options.entries_ahead_max && !sign_error;
}

std::shared_ptr<Ledger::Group> Ledger::State::next_group(std::unique_lock<std::mutex>& lock) {
  signed_or_not.wait(lock, [this] { return !is_too_far_ahead(); });
  work.wait(lock, [this] { return !open_group->entries.empty() || is_closing; });
  if (open_group->entries.empty()) return nullptr;
  room.notify_all();
  return std::exchange(open_group, std::make_shared<Group>());
}

void Ledger::State::run_journal() {
  ::prctl(PR_SET_NAME, "ledger-journal");
  std::unique_lock lock(mutex);
  while (const std::shared_ptr<Group> group = next_group(lock)) {
    const std::uint64_t first = acknowledged;
    lock.unlock();
    const auto kept = keep(first, group->entries);
    lock.lock();
    if (!kept) {
      log::error("writing the ledger", {{"why", kept.error().message()}});
      group->end(std::unexpected(kept.error()));
      continue;
    }
    acknowledged += group->entries.size();
    ++counts.groups;
    unsigned_groups.push_back(group);
    if (sign_at == SteadyClock::time_point::max()) {
      sign_at = SteadyClock::now() + options.checkpoint_delay;
    }
    to_sign.notify_one();
    group->end(first);
  }
  is_journal_ended = true;
  to_sign.notify_one();
}

bool Ledger::State::is_sign_due() const {
  if (is_sign_wanted) return true;
  if (acknowledged == checkpoint.size) return false;
  if (is_journal_ended || SteadyClock::now() >= sign_at) return true;
  return !sign_error && acknowledged - checkpoint.size >= options.entries_unsigned_max;
}

Result<void> Ledger::State::sign(const std::vector<std::shared_ptr<Group>>& groups) {
  for (const auto& group : groups) {
    for (const Bytes& entry : group->entries) tree.add(entry);
  }
  TRY(tree.sign());
  // What stays behind is removed another time.
  const auto removed = remove_published(*files, tree.size());
  if (!removed) log::warning("removing an old journal", {{"why", removed.error().message()}});
  return {};
}

void Ledger::State::sign_and_tell(std::unique_lock<std::mutex>& lock) {
  is_sign_wanted = false;
  sign_at = SteadyClock::time_point::max();
  Result<void> done;
  if (acknowledged != checkpoint.size) {
    const std::vector<std::shared_ptr<Group>> groups = std::exchange(unsigned_groups, {});
    lock.unlock();
    done = sign(groups);
    lock.lock();
    checkpoint = tree.checkpoint();
    if (done) ++counts.checkpoints;
  }
  ++sign_attempts;
  sign_error = done ? std::nullopt : std::optional(done.error());
  if (!done) {
    sign_at = SteadyClock::now() + kRetryDelay;
    log::error("signing the ledger", {{"why", done.error().message()}});
  }
  signed_or_not.notify_all();
}

void Ledger::State::run_signing() {
  ::prctl(PR_SET_NAME, "ledger-signing");
  std::unique_lock lock(mutex);
  for (;;) {
    while (!is_sign_due() && !is_journal_ended) {
      if (sign_at == SteadyClock::time_point::max()) {
        to_sign.wait(lock);
      } else {
        to_sign.wait_until(lock, sign_at);
      }
    }
    const bool is_last = is_journal_ended;
    if (is_sign_due()) sign_and_tell(lock);
    if (is_last) return;
  }
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Ledger>> Ledger::open(std::unique_ptr<Files> files, std::string origin,
                                             NoteSigner signer, LedgerOptions options) {
  auto state =
      std::make_unique<State>(std::move(files), std::move(origin), std::move(signer), options);
  TRY_CONTEXT(state->recover(), "opening the ledger");
  state->journal_thread = std::thread([raw = state.get()] { raw->run_journal(); });
  state->signing_thread = std::thread([raw = state.get()] { raw->run_signing(); });
  return std::unique_ptr<Ledger>(new Ledger(std::move(state)));
}

Ledger::~Ledger() {
  const auto closed = close();
  if (!closed) log::error("closing the ledger", {{"why", closed.error().message()}});
}

Result<Ledger::Ticket> Ledger::submit(Bytes entry) {
  if (entry.size() > kEntrySizeMax) {
    return fail(ErrorKind::limit,
                fmt::format("an entry of {} bytes; {} are the most", entry.size(), kEntrySizeMax));
  }
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  state.room.wait(lock, [&] {
    return state.is_closing ||
           (state.open_group->entries.size() < state.options.group_entries_max &&
            state.open_group->bytes < state.options.group_bytes_max);
  });
  if (state.is_closing) return fail(ErrorKind::unavailable, "the ledger is closed");
  Group& group = *state.open_group;
  group.bytes += entry.size();
  group.entries.push_back(std::move(entry));
  if (group.entries.size() == 1) state.work.notify_one();
  return Ticket(state.open_group, group.entries.size() - 1);
}

Result<std::uint64_t> Ledger::Ticket::wait() const {
  std::unique_lock lock(group_->mutex);
  group_->ended.wait(lock, [this] { return group_->first.has_value(); });
  const std::uint64_t first = TRY(Result<std::uint64_t>(*group_->first));
  return first + position_;
}

Result<std::uint64_t> Ledger::append(Bytes entry) {
  const Ticket ticket = TRY(submit(std::move(entry)));
  return ticket.wait();
}

Result<SignedCheckpoint> Ledger::sign_now() {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const std::uint64_t wanted = state.acknowledged;
  if (state.checkpoint.size >= wanted) return state.checkpoint;
  if (state.is_closing) return fail(ErrorKind::unavailable, "the ledger is closed");
  // An attempt that is under way may have begun before `wanted` was reached; the one after it did
  // not.
  const std::uint64_t attempts = state.sign_attempts;
  state.is_sign_wanted = true;
  state.to_sign.notify_one();
  state.signed_or_not.wait(lock, [&] {
    return state.checkpoint.size >= wanted || state.sign_attempts >= attempts + 2 ||
           (state.sign_attempts > attempts && state.sign_error);
  });
  if (state.checkpoint.size >= wanted) return state.checkpoint;
  if (state.sign_error) return std::unexpected(*state.sign_error);
  return fail(ErrorKind::unavailable, "the ledger is closed");
}

SignedCheckpoint Ledger::checkpoint() const {
  const std::lock_guard lock(state_->mutex);
  return state_->checkpoint;
}

LedgerCounts Ledger::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->counts;
}

Result<void> Ledger::close() {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    if (state.is_closing) return {};
    state.is_closing = true;
    state.work.notify_one();
    state.room.notify_all();
  }
  state.journal_thread.join();
  state.signing_thread.join();
  if (state.checkpoint.size < state.acknowledged) {
    return std::unexpected(state.sign_error.value_or(Error(ErrorKind::internal, "not signed")));
  }
  return remove_journal(*state.files);
}

}  // namespace bulkhead::ledger
