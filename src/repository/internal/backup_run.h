// One running backup. Each worker does all stages of what it takes, while the bytes are in its
// cache: it lists a folder, reads files, cuts, hashes, compresses and seals. Only what is larger
// than one chunk is shared out, chunk by chunk. BlobWriter packs and saves.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "repository/backup.h"
#include "repository/chunker.h"
#include "repository/internal/backup_work.h"
#include "repository/internal/blob_writer.h"
#include "repository/internal/file_node.h"
#include "repository/internal/pending.h"
#include "repository/internal/selection.h"

namespace bulkhead::repository {

class BackupRun {
 public:
  // `ready` is called before the first index file is saved; where it fails, so does the backup.
  BackupRun(Repository& repository, const BackupOptions& options,
            std::function<Result<void>()> ready);

  struct Outcome {
    BlobId tree;
    SnapshotSummary summary;
    std::vector<PathError> errors;
    std::vector<std::string> changed_while_read;
  };
  Result<Outcome> run(const TargetFolder& root, const std::optional<Snapshot>& parent);

 private:
  using Chunk = BackupWork::Chunk;
  // What each worker has for itself.
  struct Worker {
    Bytes buffer;  // of a file that may be one chunk
    BlobWriter::Scratch scratch;
    OwnerNames owners;
  };
  struct Listing {
    std::vector<std::string> names;
    std::vector<const TargetFolder*> targets;  // beside names; nullptr for what is found on disk
  };
  struct Counts {
    std::uint64_t files = 0;
    std::uint64_t bytes = 0;
    void add(std::uint64_t size) {
      ++files;
      bytes += size;
    }
  };

  void work();
  void work_on(BackupWork::Task task, Worker& worker);

  // Scan: backup_scan.cpp.
  Result<void> scan(const DirectoryPointer& directory, const TargetFolder& target, Worker& worker);
  Result<void> scan_stream(const DirectoryPointer& root);
  Result<Listing> list(const PendingDirectory& directory, const TargetFolder& target);
  void read_nodes(PendingDirectory& directory, const Listing& listing, const Tree& previous,
                  Worker& worker);
  void hand_out(const DirectoryPointer& directory, const Tree& previous, Worker& worker);
  BackupWork::Folder folder_below(const DirectoryPointer& directory, std::size_t slot,
                                  const Node* before);
  bool unchanged(const Node& node, const Node& previous);
  void count(const Counts& unchanged, const Counts& to_read);
  Tree previous_tree(const std::optional<BlobId>& id);

  // Read and chunk: backup_read.cpp.
  void read_files(const BackupWork::Files& files, Worker& worker);
  Result<void> read_file(const DirectoryPointer& directory, std::size_t slot, Worker& worker);
  Result<std::uint64_t> note_if_changed(PendingDirectory& directory, std::size_t slot, int source,
                                        std::uint64_t size);
  void store_whole(PendingDirectory& directory, std::size_t slot, ByteView bytes, Worker& worker);
  void read_stream(const std::shared_ptr<PendingFile>& file, Worker& worker);
  Result<std::uint64_t> read_chunks(const std::shared_ptr<PendingFile>& file, int source,
                                    ByteView begin, Worker& worker);
  void hand_on(Chunk chunk, Worker& worker);
  void store_chunk(Chunk& chunk, Worker& worker);
  Bytes take_buffer(std::size_t size);
  void give_back(Bytes buffer);

  // Completion.
  void finish_part_of(const std::shared_ptr<PendingFile>& file, Worker& worker);
  void finish_file(PendingDirectory& directory, std::size_t slot);
  void finish_part_of(DirectoryPointer directory, Worker& worker);
  void write_tree(PendingDirectory& directory, Worker& worker);
  void count_directory(const PendingDirectory& directory, const BlobId& tree);

  void note_item(const Path& path, const Node& node, ItemChange change);
  void drop(PendingDirectory& directory, std::size_t slot, const Path& path, const Error& error);
  void stop_with(const Error& error);
  bool stopped() const;
  enum class Show { now, when_due };
  void show_progress(Show when);

  struct State {
    SnapshotSummary summary;
    BackupProgress progress;
    SteadyTime shown{};
    std::vector<PathError> errors;
    std::vector<std::string> changed_while_read;
    std::optional<Error> fatal;
    std::optional<BlobId> root;
  };

  Repository& repository_;
  const BackupOptions& options_;
  const Selection selection_;
  const Chunker chunker_;
  BlobWriter writer_;
  BackupWork work_;
  Guarded<std::vector<Bytes>> spare_buffers_;
  // Attributes of what did not change since then are as the parent snapshot has them.
  WallTime settled_before_{};
  Guarded<State> state_;
  std::atomic<bool> stopping_{false};
};

}  // namespace bulkhead::repository
