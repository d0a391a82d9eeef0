#include "repository/internal/backup_run.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kFilesQueueLength = 256;
constexpr std::size_t kChunksQueueLength = 8;  // of at most 8 MiB each
// A chunk of the greatest size, and something to go on with.
constexpr std::size_t kReadBufferSize = kChunkSizeMax + (1 << 20);

}  // namespace

BackupRun::BackupRun(Repository& repository, const BackupOptions& options)
    : repository_(repository),
      options_(options),
      selection_(options),
      chunker_(repository.chunker_polynomial()),
      writer_(repository),
      files_(kFilesQueueLength),
      chunks_(kChunksQueueLength) {}

Result<BackupRun::Outcome> BackupRun::run(const TargetFolder& target,
                                          const std::optional<Snapshot>& parent) {
  std::vector<std::thread> readers;
  std::vector<std::thread> sealers;
  const unsigned processors = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned i = 0; i < std::max(1u, options_.readers); ++i) {
    readers.emplace_back([this] { read_files(); });
  }
  for (unsigned i = 0; i < (options_.sealers ? options_.sealers : processors); ++i) {
    sealers.emplace_back([this] { seal_chunks(); });
  }
  auto root = std::make_shared<PendingDirectory>();
  root->path = target.source;
  if (parent) root->previous = parent->tree;
  const auto scanned = options_.stream ? scan_stream(root) : scan(root, target);
  if (!scanned) stop_with(scanned.error());
  state_.with([](State& state) { state.progress.scan_finished = true; });
  files_.close();
  for (std::thread& reader : readers) reader.join();
  chunks_.close();
  for (std::thread& sealer : sealers) sealer.join();

  // Whatever happened: what is stored already gets into the index, so that the next backup need not
  // store it again.
  const auto finished = writer_.finish();
  const auto fatal = state_.with([](State& state) { return state.fatal; });
  if (fatal) return std::unexpected(*fatal);
  if (stopped()) return fail(ErrorKind::unavailable, "the backup was cancelled");
  TRY(finished);
  show_progress();
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

// ---- chunk

void BackupRun::read_files() {
  Bytes buffer;
  while (auto file = files_.pop()) {
    if (!stopped()) {
      const auto read = read_file(*file, buffer);
      if (!read) {
        (*file)->failed = true;
        if ((*file)->stream >= 0) stop_with(read.error());
        drop(*(*file)->directory, (*file)->slot, (*file)->path, read.error());
      }
    }
    finish_part_of(*file);
  }
}

Result<FileDescriptor> open_for_reading(const Path& path) {
  // Leaves the access time alone where that is permitted. O_NONBLOCK: what was a file when it was
  // scanned may be a fifo by now, and must not hold us up.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  auto file = open_file(path, kFlags | O_NOATIME);
  if (!file && file.error().kind() == ErrorKind::denied) file = open_file(path, kFlags);
  if (!file) return file;
  struct stat status{};
  if (::fstat(file->get(), &status) != 0) return fail_errno(errno, path.native());
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::conflict, path.native() + ": is not a file any more");
  }
  return file;
}

Result<void> BackupRun::read_file(const std::shared_ptr<PendingFile>& file, Bytes& buffer) {
  if (file->stream >= 0) return read_chunks(file, file->stream, buffer);
  const FileDescriptor source = TRY(open_for_reading(file->path));
  TRY(read_chunks(file, source.get(), buffer));
  struct stat status{};
  if (::fstat(source.get(), &status) != 0) return fail_errno(errno, file->path.native());
  const Node& node = file->directory->nodes[file->slot];
  // The node keeps the times from before, so that the next backup reads the file again.
  if (to_wall_time(status.st_mtim) != node.modified ||
      static_cast<std::uint64_t>(status.st_size) != node.size) {
    state_.with([&](State& state) { state.changed_while_read.push_back(file->path.native()); });
  }
  return {};
}

Result<void> BackupRun::read_chunks(const std::shared_ptr<PendingFile>& file, int source,
                                    Bytes& buffer) {
  if (buffer.empty()) buffer.resize(kReadBufferSize);
  std::size_t begin = 0;
  std::size_t end = 0;
  std::size_t chunks = 0;
  std::uint64_t size = 0;
  bool at_end = false;
  while (!at_end || begin < end) {
    while (!at_end && end - begin < kChunkSizeMax) {
      if (end == buffer.size()) {
        std::memmove(buffer.data(), buffer.data() + begin, end - begin);
        end -= std::exchange(begin, 0);
      }
      const std::size_t got = TRY_CONTEXT(read_some(source, MutableByteView(buffer).subspan(end)),
                                          "reading " + file->path.native());
      at_end = got == 0;
      end += got;
    }
    const ByteView ready = ByteView(buffer).subspan(begin, end - begin);
    const std::size_t length = chunker_.chunk_length(ready);
    if (length == 0) break;
    if (stopped() || !hand_on(file, chunks++, ready.first(length))) return {};
    begin += length;
    size += length;
  }
  file->directory->nodes[file->slot].size = size;
  return {};
}

bool BackupRun::hand_on(const std::shared_ptr<PendingFile>& file, std::size_t position,
                        ByteView bytes) {
  file->content.with([&](auto& content) { content.resize(position + 1); });
  file->unfinished.fetch_add(1);
  if (chunks_.push({file, position, Bytes(bytes.begin(), bytes.end())})) return true;
  file->unfinished.fetch_sub(1);
  return false;
}

// ---- hash, compress, seal

void BackupRun::seal_chunks() {
  while (auto chunk = chunks_.pop()) {
    if (!stopped()) {
      const auto id = writer_.store(BlobType::data, chunk->bytes);
      if (id) {
        chunk->file->content.with([&](auto& content) { content[chunk->position] = *id; });
        state_.with([&](State& state) { state.progress.bytes_done += chunk->bytes.size(); });
      } else {
        stop_with(id.error());
      }
    }
    finish_part_of(chunk->file);
  }
}

// ---- completion

void BackupRun::finish_part_of(const std::shared_ptr<PendingFile>& file) {
  if (file->unfinished.fetch_sub(1) != 1) return;
  Node& node = file->directory->nodes[file->slot];
  file->content.with([&](auto& content) { node.content = std::move(content); });
  if (!file->failed) {
    state_.with([&](State& state) {
      ++(file->is_new ? state.summary.files_new : state.summary.files_changed);
      ++state.summary.total_files_processed;
      state.summary.total_bytes_processed += node.size;
      ++state.progress.files_done;
    });
    note_item(file->path, node, file->is_new ? ItemChange::added : ItemChange::changed);
    show_progress();
  }
  finish_part_of(file->directory);
}

void BackupRun::finish_part_of(DirectoryPointer directory) {
  // A loop in place of recursion: a folder that is complete may complete the one above.
  while (directory && directory->unfinished.fetch_sub(1) == 1) {
    if (!stopped()) write_tree(*directory);
    directory = directory->parent;
  }
}

void BackupRun::write_tree(PendingDirectory& directory) {
  Tree tree;
  for (std::size_t slot = 0; slot < directory.nodes.size(); ++slot) {
    if (!directory.dropped[slot]) tree.nodes.push_back(std::move(directory.nodes[slot]));
  }
  const std::string text = encode_tree(tree);
  if (text.size() > kBlobSizeMax) {
    return stop_with(Error(ErrorKind::limit, directory.path.native() + " holds too many files"));
  }
  const auto id = writer_.store(BlobType::tree, as_bytes(text));
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
  return stopping_.load() || (options_.cancel && *options_.cancel);
}

void BackupRun::show_progress() {
  if (!options_.progress) return;
  state_.with([&](State& state) {
    state.progress.bytes_added = writer_.statistics().bytes_added;
    options_.progress(state.progress);
  });
}

}  // namespace bulkhead::repository
