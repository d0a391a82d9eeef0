// The second stage of a backup: files' bytes, cut into chunks. A file that is one chunk, as most
// are, is read, hashed and sealed in one go; longer ones are cut as they are read, and their chunks
// offered to all workers.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/internal/backup_run.h"

namespace bulkhead::repository {
namespace {

// What is not longer is one chunk. A byte more tells that there is more.
constexpr std::size_t kWholeBufferSize = kChunkSizeMin + 1;
constexpr std::size_t kReadSize = 1 << 20;
// Holds most chunks, and the part of the next that was read with them.
constexpr std::size_t kChunkBufferSize = 5 << 19;
constexpr std::size_t kSpareBuffersMax = 4;

Result<FileDescriptor> open_for_reading(const Path& path, struct stat& status) {
  // Leaves the access time alone where that is permitted. O_NONBLOCK: what was a file when it was
  // scanned may be a fifo by now, and must not hold us up.
  constexpr int kFlags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK;
  auto file = open_file(path, kFlags | O_NOATIME);
  if (!file && file.error().kind() == ErrorKind::denied) file = open_file(path, kFlags);
  if (!file) return file;
  if (::fstat(file->get(), &status) != 0) return fail_errno(errno, path.native());
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::conflict, path.native() + ": is not a file any more");
  }
  return file;
}

}  // namespace

void BackupRun::read_files(const BackupWork::Files& files, Worker& worker) {
  for (const std::size_t slot : files.slots) {
    if (stopped()) return;
    const auto read = read_file(files.directory, slot, worker);
    if (!read) {
      drop(*files.directory, slot, files.directory->source_of(slot), read.error());
      finish_part_of(files.directory, worker);
    }
  }
}

// Where there is no error, the folder's part is finished here, or later with the last chunk.
Result<void> BackupRun::read_file(const DirectoryPointer& directory, std::size_t slot,
                                  Worker& worker) {
  const Path path = directory->source_of(slot);
  struct stat status{};
  const FileDescriptor source = TRY(open_for_reading(path, status));
  if (worker.buffer.empty()) worker.buffer.resize(kWholeBufferSize);
  std::size_t size = 0;
  while (size < worker.buffer.size()) {
    const MutableByteView room = MutableByteView(worker.buffer).subspan(size);
    const std::size_t got = TRY_CONTEXT(read_some(source.get(), room), "reading " + path.native());
    size += got;
    // A short read that reaches the size is the end: that saves a read for each file.
    const bool reached = status.st_size > 0 && size >= static_cast<std::uint64_t>(status.st_size);
    if (got == 0 || (reached && got < room.size())) break;
  }
  const ByteView bytes = ByteView(worker.buffer).first(size);
  if (size < worker.buffer.size()) {
    TRY(note_if_changed(*directory, slot, source.get(), size));
    store_whole(*directory, slot, bytes, worker);
    finish_part_of(directory, worker);
    return {};
  }
  auto file = std::make_shared<PendingFile>();
  file->directory = directory;
  file->slot = slot;
  file->path = path;
  auto read = read_chunks(file, source.get(), bytes, worker);
  if (read && !stopped()) read = note_if_changed(*directory, slot, source.get(), read.value());
  if (!read) {
    file->failed = true;
    drop(*directory, slot, path, read.error());
  }
  finish_part_of(file, worker);
  return {};
}

// The node keeps the times from before, so that the next backup reads the file again.
Result<std::uint64_t> BackupRun::note_if_changed(PendingDirectory& directory, std::size_t slot,
                                                 int source, std::uint64_t size) {
  struct stat status{};
  Node& node = directory.nodes[slot];
  if (::fstat(source, &status) != 0) {
    return fail_errno(errno, directory.source_of(slot).native());
  }
  node.size = size;
  if (to_wall_time(status.st_mtim) != node.modified ||
      static_cast<std::uint64_t>(status.st_size) != size) {
    state_.with([&](State& state) {
      state.changed_while_read.push_back(directory.source_of(slot).native());
    });
  }
  return size;
}

void BackupRun::store_whole(PendingDirectory& directory, std::size_t slot, ByteView bytes,
                            Worker& worker) {
  if (!bytes.empty()) {
    const auto id = writer_.store(BlobType::data, bytes, worker.scratch);
    if (!id) return stop_with(id.error());
    directory.nodes[slot].content = {*id};
    state_.with([&](State& state) { state.progress.bytes_done += bytes.size(); });
  }
  finish_file(directory, slot);
}

void BackupRun::read_stream(const std::shared_ptr<PendingFile>& file, Worker& worker) {
  const auto read = read_chunks(file, file->stream, {}, worker);
  if (read) {
    file->directory->nodes[file->slot].size = *read;
  } else {
    file->failed = true;
    stop_with(read.error());
    drop(*file->directory, file->slot, file->path, read.error());
  }
  finish_part_of(file, worker);
}

// From `source`, of which `begin` was read already. Answers how many bytes there were in all.
Result<std::uint64_t> BackupRun::read_chunks(const std::shared_ptr<PendingFile>& file, int source,
                                             ByteView begin, Worker& worker) {
  Bytes buffer = take_buffer(kChunkBufferSize);
  std::ranges::copy(begin, buffer.begin());
  std::size_t filled = begin.size();
  std::size_t searched = 0;
  std::size_t chunks = 0;
  std::uint64_t total = 0;
  for (bool at_end = false; !at_end && !stopped();) {
    if (filled == buffer.size()) {
      Bytes larger = take_buffer(kChunkSizeMax + kReadSize);
      std::ranges::copy(buffer, larger.begin());
      give_back(std::exchange(buffer, std::move(larger)));
    }
    const std::size_t step = std::min(kReadSize, buffer.size() - filled);
    const std::size_t got =
        TRY_CONTEXT(read_some(source, MutableByteView(buffer).subspan(filled, step)),
                    "reading " + file->path.native());
    filled += got;
    at_end = got == 0;
    while (const auto end = chunker_.find_end(ByteView(buffer).first(filled), searched)) {
      Bytes next = take_buffer(kChunkBufferSize);
      std::copy(buffer.begin() + static_cast<std::ptrdiff_t>(*end),
                buffer.begin() + static_cast<std::ptrdiff_t>(filled), next.begin());
      hand_on({file, chunks++, std::exchange(buffer, std::move(next)), *end}, worker);
      total += *end;
      filled -= *end;
      searched = 0;
    }
    searched = filled;
  }
  if (filled > 0 && !stopped()) hand_on({file, chunks, std::move(buffer), filled}, worker);
  return total + filled;
}

void BackupRun::hand_on(Chunk chunk, Worker& worker) {
  chunk.file->content.with([&](auto& content) { content.resize(chunk.position + 1); });
  chunk.file->unfinished.fetch_add(1);
  if (!work_.offer(chunk)) store_chunk(chunk, worker);
}

void BackupRun::store_chunk(Chunk& chunk, Worker& worker) {
  const auto id =
      writer_.store(BlobType::data, ByteView(chunk.bytes).first(chunk.size), worker.scratch);
  give_back(std::move(chunk.bytes));
  if (!id) return stop_with(id.error());
  chunk.file->content.with([&](auto& content) { content[chunk.position] = *id; });
  state_.with([&](State& state) { state.progress.bytes_done += chunk.size; });
  show_progress(Show::when_due);
  finish_part_of(chunk.file, worker);
}

// ---- memory for chunks

Bytes BackupRun::take_buffer(std::size_t size) {
  if (size > kChunkBufferSize) return Bytes(size);
  return spare_buffers_.with([](std::vector<Bytes>& spare) {
    if (spare.empty()) return Bytes(kChunkBufferSize);
    Bytes buffer = std::move(spare.back());
    spare.pop_back();
    return buffer;
  });
}

void BackupRun::give_back(Bytes buffer) {
  if (buffer.size() != kChunkBufferSize) return;
  spare_buffers_.with([&](std::vector<Bytes>& spare) {
    if (spare.size() < kSpareBuffersMax) spare.push_back(std::move(buffer));
  });
}

}  // namespace bulkhead::repository
