#include "repository/internal/backup_run.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

constexpr std::chrono::milliseconds kProgressInterval{50};

}  // namespace

BackupRun::BackupRun(Repository& repository, const BackupOptions& options,
                     std::function<Result<void>()> ready)
    : repository_(repository),
      options_(options),
      selection_(options),
      chunker_(repository.chunker_polynomial()),
      writer_(repository, std::move(ready)) {}

Result<BackupRun::Outcome> BackupRun::run(const TargetFolder& target,
                                          const std::optional<Snapshot>& parent) {
  auto root = std::make_shared<PendingDirectory>();
  root->path = target.source;
  if (parent) {
    root->previous = parent->tree;
    const WallTime read_at = parent->summary ? parent->summary->backup_start : parent->time;
    settled_before_ = std::min(read_at, parent->time) - std::chrono::seconds(1);
  }
  if (options_.stream) {
    const auto scanned = scan_stream(root);
    if (!scanned) stop_with(scanned.error());
  } else {
    std::vector<BackupWork::Folder> folders;
    folders.push_back({root, &target});
    work_.add(std::move(folders));
  }
  root.reset();
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  const unsigned workers =
      std::max(options_.sealers ? options_.sealers : processors, options_.readers);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < workers; ++i) threads.emplace_back([this] { work(); });
  for (std::thread& thread : threads) thread.join();
  state_.with([](State& state) { state.progress.scan_finished = true; });

  // Whatever happened: what is stored already gets into the index, so that the next backup need not
  // store it again.
  const auto finished = writer_.finish();
  const auto fatal = state_.with([](State& state) { return state.fatal; });
  if (fatal) return std::unexpected(*fatal);
  if (stopped()) return fail(ErrorKind::unavailable, "the backup was cancelled");
  TRY(finished);
  show_progress(Show::now);
  return state_.with([&](State& state) -> Result<Outcome> {
    CHECK(state.root.has_value());
    const WriterStatistics written = writer_.statistics();
    state.summary.data_blobs = written.data_blobs;
    state.summary.tree_blobs = written.tree_blobs;
    state.summary.data_added = written.bytes_added;
    state.summary.data_added_packed = written.bytes_packed;
    return Outcome{*state.root, state.summary, std::move(state.errors),
                   std::move(state.changed_while_read)};
  });
}

void BackupRun::work() {
  Worker worker;
  while (auto task = work_.take()) {
    // Its references to folders end before it counts as done.
    if (BackupWork::Task taken = *std::exchange(task, std::nullopt); !stopped()) {
      work_on(std::move(taken), worker);
    }
    if (stopped()) work_.stop();
    work_.done();
  }
}

void BackupRun::work_on(BackupWork::Task task, Worker& worker) {
  if (auto* chunk = std::get_if<Chunk>(&task)) return store_chunk(*chunk, worker);
  if (auto* files = std::get_if<BackupWork::Files>(&task)) return read_files(*files, worker);
  if (auto* file = std::get_if<std::shared_ptr<PendingFile>>(&task)) {
    return read_stream(*file, worker);
  }
  const auto& [directory, target] = std::get<BackupWork::Folder>(task);
  static const TargetFolder kWhole{.source = {}, .whole = true, .children = {}};
  const auto scanned = scan(directory, target ? *target : kWhole, worker);
  if (scanned) return;
  if (!directory->parent) return stop_with(scanned.error());
  // A folder that cannot be listed is left out, as a file that cannot be read is.
  drop(*directory->parent, directory->slot, directory->path, scanned.error());
  finish_part_of(directory->parent, worker);
}

// ---- completion

void BackupRun::finish_part_of(const std::shared_ptr<PendingFile>& file, Worker& worker) {
  if (file->unfinished.fetch_sub(1) != 1) return;
  Node& node = file->directory->nodes[file->slot];
  file->content.with([&](auto& content) { node.content = std::move(content); });
  if (!file->failed) finish_file(*file->directory, file->slot);
  finish_part_of(file->directory, worker);
}

void BackupRun::finish_file(PendingDirectory& directory, std::size_t slot) {
  const Node& node = directory.nodes[slot];
  const bool is_new = directory.is_new[slot] != 0;
  state_.with([&](State& state) {
    ++(is_new ? state.summary.files_new : state.summary.files_changed);
    ++state.summary.total_files_processed;
    state.summary.total_bytes_processed += node.size;
    ++state.progress.files_done;
  });
  note_item(directory.path / node.name, node, is_new ? ItemChange::added : ItemChange::changed);
  show_progress(Show::when_due);
}

void BackupRun::finish_part_of(DirectoryPointer directory, Worker& worker) {
  // A loop in place of recursion: a folder that is complete may complete the one above.
  while (directory && directory->unfinished.fetch_sub(1) == 1) {
    if (!stopped()) write_tree(*directory, worker);
    directory = directory->parent;
  }
}

void BackupRun::write_tree(PendingDirectory& directory, Worker& worker) {
  Tree tree;
  tree.nodes.reserve(directory.nodes.size());
  for (std::size_t slot = 0; slot < directory.nodes.size(); ++slot) {
    if (!directory.dropped[slot]) tree.nodes.push_back(std::move(directory.nodes[slot]));
  }
  directory.nodes = {};
  const std::string text = encode_tree(tree, TreeTimes::local);
  if (text.size() > kBlobSizeMax) {
    return stop_with(Error(ErrorKind::limit, directory.path.native() + " holds too many files"));
  }
  const auto id = writer_.store(BlobType::tree, as_bytes(text), worker.scratch);
  if (!id) return stop_with(id.error());
  if (directory.parent) {
    directory.parent->nodes[directory.slot].subtree = *id;
    count_directory(directory, *id);
  } else {
    state_.with([&](State& state) { state.root = *id; });
  }
}

void BackupRun::count_directory(const PendingDirectory& directory, const BlobId& tree) {
  ItemChange change = ItemChange::changed;
  if (!directory.previous) change = ItemChange::added;
  else if (*directory.previous == tree) change = ItemChange::unchanged;
  state_.with([&](State& state) {
    ++state.progress.directories_done;
    switch (change) {
      case ItemChange::added: ++state.summary.dirs_new; break;
      case ItemChange::changed: ++state.summary.dirs_changed; break;
      case ItemChange::unchanged: ++state.summary.dirs_unmodified; break;
    }
  });
  note_item(directory.path, directory.parent->nodes[directory.slot], change);
}

void BackupRun::note_item(const Path& path, const Node& node, ItemChange change) {
  if (!options_.item) return;
  const BackupItem item{path.native(), node.type, change, node.size};
  state_.with([&](State&) { options_.item(item); });
}

void BackupRun::drop(PendingDirectory& directory, std::size_t slot, const Path& path,
                     const Error& error) {
  directory.dropped[slot] = 1;
  state_.with([&](State& state) {
    state.errors.push_back({path.native(), error});
    ++state.progress.errors;
  });
}

void BackupRun::stop_with(const Error& error) {
  state_.with([&](State& state) {
    if (!state.fatal) state.fatal = error;
  });
  stopping_ = true;
}

bool BackupRun::stopped() const {
  return stopping_.load(std::memory_order_relaxed) || (options_.cancel && *options_.cancel);
}

void BackupRun::show_progress(Show when) {
  if (!options_.progress) return;
  const SteadyTime now = repository_.clock().steady_now();
  state_.with([&](State& state) {
    if (when == Show::when_due && state.shown != SteadyTime{} &&
        now - state.shown < kProgressInterval) {
      return;
    }
    state.shown = now;
    state.progress.bytes_added = writer_.statistics().bytes_added;
    options_.progress(state.progress);
  });
}

}  // namespace bulkhead::repository
