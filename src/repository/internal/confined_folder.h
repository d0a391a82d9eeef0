// A folder that is written into, or compared, by paths relative to it that came out of a snapshot.
// Every path is resolved by the kernel beneath the folder and without following a symlink
// (openat2, RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS). Thread-safe.
#pragma once

#include "base/file.h"
#include "repository/restore.h"
#include "repository/tree.h"

namespace bulkhead::repository {

// A folder somewhere below, held open: what is made in it needs no look-up of its path.
struct OpenFolder {
  FileDescriptor descriptor;
  std::uint32_t group = 0;  // that of what is made in it may be this one
};

class ConfinedFolder {
 public:
  static Result<ConfinedFolder> open(const Path& folder);

  // `flags` as for open(2); O_NOFOLLOW is added. "" is the folder itself.
  Result<FileDescriptor> open_below(const std::string& path, int flags, mode_t mode = 0) const;

  Result<OpenFolder> open_folder(const std::string& path) const;

  Result<void> make_directory(const std::string& path, Existing existing) const;
  // An existing file, made to have this size; what is written into it stays.
  Result<void> resize_file(const std::string& path, std::uint64_t size) const;
  // A part that reads as zeros and takes no room, where the file system can do that.
  Result<void> make_hole(const std::string& path, std::uint64_t offset, std::uint64_t size) const;
  Result<void> write_at(const std::string& path, std::uint64_t offset, ByteView bytes) const;
  // Symlink, fifo, socket or device.
  Result<void> make_special(const std::string& path, const Node& node, Existing existing) const;
  Result<void> make_hard_link(const std::string& existing_path, const std::string& path,
                              Existing existing) const;
  // A file, a link, or a folder with all that it holds. Answers how many were removed.
  Result<std::uint64_t> remove(const std::string& path) const;
  // Owner, attributes, mode and times, in the order in which none undoes another.
  Result<void> apply_metadata(const std::string& path, const Node& node, Ownership ownership) const;

 private:
  explicit ConfinedFolder(FileDescriptor folder) : folder_(std::move(folder)) {}
  struct Place {
    FileDescriptor parent;
    std::string name;
  };
  Result<Place> place_of(const std::string& path) const;
  Result<void> clear(const Place& place, Existing existing) const;

  FileDescriptor folder_;
};

// Empty and open for writing; never one that was there, and never through a link.
Result<FileDescriptor> make_file_in(const OpenFolder& folder, const std::string& name,
                                    Existing existing);
// Of a file that make_file_in() made, in the order in which none undoes another.
Result<void> apply_to_new_file(const FileDescriptor& made, const OpenFolder& folder,
                               const Node& node, Ownership ownership);
// `name` is for messages.
Result<void> set_size(const FileDescriptor& file, const std::string& name, std::uint64_t size);
Result<void> write_to(const FileDescriptor& file, const std::string& name, std::uint64_t offset,
                      ByteView bytes);

}  // namespace bulkhead::repository
