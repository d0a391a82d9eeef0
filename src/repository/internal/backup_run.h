// One running backup. The calling thread scans; readers chunk files; sealers hash, compress and
// seal; BlobWriter packs and saves. A folder is complete when all that it holds is: whoever
// completes the last part writes its tree, and so perhaps completes the folder above.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "base/bounded_queue.h"
#include "repository/backup.h"
#include "repository/chunker.h"
#include "repository/internal/blob_writer.h"
#include "repository/internal/file_node.h"
#include "repository/internal/selection.h"
#include "repository/internal/target_tree.h"

namespace bulkhead::repository {

// A folder whose tree is not written yet.
struct PendingDirectory {
  std::shared_ptr<PendingDirectory> parent;  // none for the root
  std::size_t slot = 0;                      // of the parent's nodes
  Path path;
  std::optional<BlobId> previous;    // its tree in the parent snapshot
  std::uint64_t device = 0;          // its own file system
  std::uint64_t allowed_device = 0;  // the one that the backup keeps to, if it keeps to one
  // Whoever works on a node writes to it alone; nothing is added once the first work is handed out.
  std::vector<Node> nodes;
  std::vector<char> dropped;  // nodes that could not be read
  // Parts that are not done: nodes handed out, and one for the scan of the folder itself.
  std::atomic<std::size_t> unfinished{1};
};

// A file whose chunks are on their way.
struct PendingFile {
  std::shared_ptr<PendingDirectory> directory;
  std::size_t slot = 0;
  Path path;
  int stream = -1;  // is read in place of the path, where it is not -1
  bool is_new = true;
  // Chunks that are not stored, and one for the reader.
  std::atomic<std::size_t> unfinished{1};
  std::atomic<bool> failed{false};
  Guarded<std::vector<BlobId>> content;
};

class BackupRun {
 public:
  BackupRun(Repository& repository, const BackupOptions& options);

  struct Outcome {
    BlobId tree;
    SnapshotSummary summary;
    std::vector<PathError> errors;
    std::vector<std::string> changed_while_read;
  };
  Result<Outcome> run(const TargetFolder& root, const std::optional<Snapshot>& parent);

 private:
  using DirectoryPointer = std::shared_ptr<PendingDirectory>;
  struct Chunk {
    std::shared_ptr<PendingFile> file;
    std::size_t position;  // among the file's chunks
    Bytes bytes;
  };
  struct Listing {
    std::vector<std::string> names;
    std::vector<const TargetFolder*> targets;  // beside names; nullptr for what is found on disk
  };

  // Scan.
  Result<void> scan(const DirectoryPointer& directory, const TargetFolder& target);
  Result<void> scan_stream(const DirectoryPointer& root);
  Result<Listing> list(const PendingDirectory& directory, const TargetFolder& target);
  void read_nodes(PendingDirectory& directory, const Listing& listing,
                  std::vector<const TargetFolder*>& targets);
  void dispatch(const DirectoryPointer& directory, std::size_t slot, const TargetFolder* target,
                const Tree& previous);
  void dispatch_file(const DirectoryPointer& directory, std::size_t slot, const Path& path,
                     const Node* before);
  bool unchanged(const Node& node, const Node& previous);
  Tree previous_tree(const std::optional<BlobId>& id);

  // Chunk.
  void read_files();
  Result<void> read_file(const std::shared_ptr<PendingFile>& file, Bytes& buffer);
  Result<void> read_chunks(const std::shared_ptr<PendingFile>& file, int source, Bytes& buffer);
  bool hand_on(const std::shared_ptr<PendingFile>& file, std::size_t position, ByteView bytes);

  // Hash, compress, seal.
  void seal_chunks();

  // Completion.
  void finish_part_of(const std::shared_ptr<PendingFile>& file);
  void finish_part_of(DirectoryPointer directory);
  void write_tree(PendingDirectory& directory);
  void count_directory(const PendingDirectory& directory, const BlobId& tree);

  void note_item(const Path& path, const Node& node, ItemChange change);
  void drop(PendingDirectory& directory, std::size_t slot, const Path& path, const Error& error);
  void stop_with(const Error& error);
  bool stopped() const;
  void show_progress();

  struct State {
    SnapshotSummary summary;
    BackupProgress progress;
    std::vector<PathError> errors;
    std::vector<std::string> changed_while_read;
    std::optional<Error> fatal;
    std::optional<BlobId> root;
  };

  Repository& repository_;
  const BackupOptions& options_;
  const Selection selection_;
  const Chunker chunker_;
  OwnerNames owners_;
  BlobWriter writer_;
  BoundedQueue<std::shared_ptr<PendingFile>> files_;
  BoundedQueue<Chunk> chunks_;
  Guarded<State> state_;
  std::atomic<bool> stopping_{false};
};

}  // namespace bulkhead::repository
