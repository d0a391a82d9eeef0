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
#include "ledger/verify/checkpoint.h"

namespace bulkhead::ledger {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::string_view kCheckpoint = "checkpoint";
constexpr std::size_t kCheckpointSizeMax = 64 * 1024;
// After a checkpoint could not be written.
constexpr std::chrono::seconds kRetryDelay{1};

}  // namespace

// Entries that are acknowledged together.
struct Ledger::Group {
  std::vector<Bytes> entries;
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
  State(std::unique_ptr<Files> own_files, std::string own_origin, NoteSigner own_signer,
        LedgerOptions own_options)
      : files(std::move(own_files)),
        origin(std::move(own_origin)),
        signer(std::move(own_signer)),
        options(own_options),
        journal(*files) {}

  Result<void> recover();
  Result<void> read_checkpoint();
  Result<void> sign();
  Result<void> sign_tree(TileTree& grown);
  Result<void> keep(const std::vector<Bytes>& entries);
  void run();
  std::shared_ptr<Group> next_group(std::unique_lock<std::mutex>& lock);
  void sign_and_tell(std::unique_lock<std::mutex>& lock);
  bool is_sign_due() const;

  const std::unique_ptr<Files> files;
  const std::string origin;
  const NoteSigner signer;
  const LedgerOptions options;

  // Of the committing thread alone, once it runs.
  Journal journal;
  bool is_journal_begun = false;
  TileTree tree;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable work;
  std::condition_variable room;
  std::condition_variable signed_or_not;
  std::shared_ptr<Group> open_group = std::make_shared<Group>();
  SignedCheckpoint checkpoint;
  std::uint64_t acknowledged = 0;
  SteadyClock::time_point sign_at = SteadyClock::time_point::max();
  std::uint64_t sign_attempts = 0;
  std::optional<Error> sign_error;  // of the last attempt
  bool is_sign_wanted = false;
  bool is_closing = false;
  std::thread thread;
};

Result<void> Ledger::State::read_checkpoint() {
  const std::string name(kCheckpoint);
  const Bytes bytes = TRY(files->read(name, kCheckpointSizeMax));
  const verify::Note note = TRY_CONTEXT(verify::parse_note(as_text(bytes)), name);
  const verify::VerifierKey own = TRY(verify::parse_verifier_key(signer.verifier_key()));
  const auto is_own = verify::verify_signature(note, own);
  if (!is_own) {
    return fail(ErrorKind::denied, fmt::format("{}: {}; nothing is added to a ledger that this key "
                                               "did not sign",
                                               name, is_own.error().message()));
  }
  const verify::Checkpoint parsed = TRY_CONTEXT(verify::parse_checkpoint(note.text), name);
  if (parsed.origin != origin) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is of the log {}, not of {}", name, parsed.origin, origin));
  }
  tree = TRY(TileTree::read(*files, parsed.size));
  if (tree.root() != parsed.root) {
    return fail(ErrorKind::corrupt,
                "the tiles are not those that the checkpoint was signed for: bulkhead ledger "
                "verify names the first bad place");
  }
  checkpoint = {parsed.size, parsed.root, std::string(as_text(bytes))};
  return {};
}

Result<void> Ledger::State::recover() {
  const auto found = read_checkpoint();
  if (!found && found.error().kind() != ErrorKind::not_found) return found;
  if (!found) {
    for (const char* folder : {"tile/entries", "tile/0", "journal"}) {
      const std::vector<std::string> names = TRY(files->list(folder));
      if (names.empty()) continue;
      return fail(ErrorKind::corrupt,
                  fmt::format("the checkpoint is missing, but {} is not empty: put the checkpoint "
                              "back, or keep the folder as evidence and begin another",
                              folder));
    }
    TRY(sign_tree(tree));
  }
  const std::vector<Bytes> rest = TRY(journal.recover(tree.size()));
  for (const Bytes& entry : rest) tree.add(entry);
  if (!rest.empty()) TRY(sign_tree(tree));
  acknowledged = tree.size();
  return journal.remove(Journal::Extent::all);
}

Result<void> Ledger::State::sign_tree(TileTree& grown) {
  const std::vector<Files::NewFile> tiles = grown.unwritten();
  if (!tiles.empty()) TRY(files->put(tiles));
  SignedCheckpoint next{grown.size(), grown.root(), {}};
  const std::string text = fmt::format("{}\n{}\n{}\n", origin, next.size, to_base64(next.root));
  next.text = fmt::format("{}\n{}", text, signer.sign(text));
  const Files::NewFile file{std::string(kCheckpoint), to_bytes(next.text)};
  TRY(files->put({&file, 1}));
  const std::vector<std::string> outgrown = grown.outgrown();
  grown.mark_written();
  {
    const std::lock_guard lock(mutex);
    checkpoint = std::move(next);
  }
  // What stays behind does no harm, so it is no reason to fail.
  for (const std::string& folder : outgrown) {
    const auto removed = files->remove(folder);
    if (!removed) log::warning("removing outgrown tiles", {{"why", removed.error().message()}});
  }
  return {};
}

Result<void> Ledger::State::sign() {
  TRY(sign_tree(tree));
  if (!is_journal_begun || journal.size() <= options.journal_size_max) return {};
  is_journal_begun = false;
  TRY(journal.begin(tree.size()));
  is_journal_begun = true;
  return journal.remove(Journal::Extent::older);
}

// The one place where entries come to the disk.
Result<void> Ledger::State::keep(const std::vector<Bytes>& entries) {
  if (!is_journal_begun) {
    TRY(journal.begin(tree.size()));
    is_journal_begun = true;
  }
  const auto kept = journal.append(entries);
  if (!kept) {
    is_journal_begun = false;
    return kept;
  }
  for (const Bytes& entry : entries) tree.add(entry);
  return {};
}

bool Ledger::State::is_sign_due() const {
  if (acknowledged == checkpoint.size) return false;
  if (is_sign_wanted || is_closing || SteadyClock::now() >= sign_at) return true;
  return !sign_error && acknowledged - checkpoint.size >= options.entries_unsigned_max;
}

std::shared_ptr<Ledger::Group> Ledger::State::next_group(std::unique_lock<std::mutex>& lock) {
  const auto has_work = [this] {
    return !open_group->entries.empty() || is_sign_due() || is_sign_wanted || is_closing;
  };
  while (!has_work()) {
    if (sign_at == SteadyClock::time_point::max()) {
      work.wait(lock);
    } else {
      work.wait_until(lock, sign_at);
    }
  }
  if (open_group->entries.empty()) return nullptr;
  room.notify_all();
  return std::exchange(open_group, std::make_shared<Group>());
}

void Ledger::State::sign_and_tell(std::unique_lock<std::mutex>& lock) {
  is_sign_wanted = false;
  Result<void> done;
  if (acknowledged != checkpoint.size) {
    lock.unlock();
    done = sign();
    lock.lock();
  }
  ++sign_attempts;
  sign_error = done ? std::nullopt : std::optional(done.error());
  sign_at = done ? SteadyClock::time_point::max() : SteadyClock::now() + kRetryDelay;
  if (!done) log::error("signing the ledger", {{"why", done.error().message()}});
  signed_or_not.notify_all();
}

void Ledger::State::run() {
  ::prctl(PR_SET_NAME, "ledger");
  std::unique_lock lock(mutex);
  for (;;) {
    const std::shared_ptr<Group> group = next_group(lock);
    if (group) {
      lock.unlock();
      const std::uint64_t first = tree.size();
      const auto kept = keep(group->entries);
      lock.lock();
      if (kept) {
        acknowledged = tree.size();
        if (sign_at == SteadyClock::time_point::max()) {
          sign_at = SteadyClock::now() + options.checkpoint_delay;
        }
      } else {
        log::error("writing the ledger", {{"why", kept.error().message()}});
      }
      group->end(kept ? Result<std::uint64_t>(first)
                      : Result<std::uint64_t>(std::unexpected(kept.error())));
    }
    const bool is_last = is_closing && open_group->entries.empty();
    if (is_sign_due() || is_sign_wanted) sign_and_tell(lock);
    if (is_last && open_group->entries.empty()) return;
  }
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Ledger>> Ledger::open(std::unique_ptr<Files> files, std::string origin,
                                             NoteSigner signer, LedgerOptions options) {
  auto state =
      std::make_unique<State>(std::move(files), std::move(origin), std::move(signer), options);
  TRY_CONTEXT(state->recover(), "opening the ledger");
  state->thread = std::thread([raw = state.get()] { raw->run(); });
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
  state.work.notify_one();
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

Result<void> Ledger::close() {
  State& state = *state_;
  {
    const std::lock_guard lock(state.mutex);
    if (state.is_closing) return {};
    state.is_closing = true;
    state.work.notify_one();
    state.room.notify_all();
  }
  state.thread.join();
  if (state.checkpoint.size < state.acknowledged) {
    return std::unexpected(state.sign_error.value_or(Error(ErrorKind::internal, "not signed")));
  }
  return state.journal.remove(Journal::Extent::all);
}

}  // namespace bulkhead::ledger
