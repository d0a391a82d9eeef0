// The one file that knows libfuse.
#define FUSE_USE_VERSION 312

#include "repository/mount/mount.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#include <fuse3/fuse_lowlevel.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/log.h"
#include "repository/mount/blob_reader.h"
#include "repository/mount/inode_table.h"
#include "repository/mount/snapshot_folders.h"

namespace bulkhead::repository {
namespace {

// What is in a snapshot never changes; what is above may, when there are new ones.
constexpr double kUnchangingSeconds = 365.0 * 24 * 3600;
constexpr double kChangingSeconds = 1;
constexpr unsigned kReadAheadMax = 1 << 20;
constexpr unsigned kThreadsMax = 8;

timespec to_timespec(WallTime time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timespec out{};
  out.tv_sec = seconds.time_since_epoch().count();
  out.tv_nsec = (time - seconds).count();
  return out;
}

class MountedRepository {
 public:
  MountedRepository(Repository& repository, const MountOptions& options)
      : options_(options),
        folders_(repository, options.filter, options.layout),
        reader_(repository, options.cache_bytes),
        started_(repository.clock().now()) {}

  struct Child {
    std::string name;
    Inode inode;
  };

  Result<Inode> inode(InodeNumber number) const {
    auto found = inodes_.find(number);
    if (!found) return fail(ErrorKind::not_found, "no such file");
    return *std::move(found);
  }

  // What a folder holds, by position; for one in a snapshot nothing is copied but the names asked.
  Result<std::vector<Child>> children(const Inode& folder, std::size_t from, std::size_t count) {
    std::vector<Child> out;
    if (folder.tree) {
      const auto tree = TRY(reader_.tree(*folder.tree));
      for (std::size_t i = from; i < tree->nodes.size() && out.size() < count; ++i) {
        out.push_back({tree->nodes[i].name, inode_of_node(*folder.tree, i, tree->nodes[i])});
      }
      return out;
    }
    std::size_t position = 0;
    for (const auto& [name, entry] : TRY(folders_.list(folder.path))) {
      if (position++ < from || out.size() >= count) continue;
      out.push_back({name, inode_of_entry(folder.path + "/" + name, entry)});
    }
    return out;
  }

  // nullopt where there is none of that name.
  Result<std::optional<Inode>> child(const Inode& folder, const std::string& name) {
    if (folder.tree) {
      const auto tree = TRY(reader_.tree(*folder.tree));
      const Node* node = tree->find(name);
      if (node == nullptr) return std::optional<Inode>();
      const auto position = static_cast<std::size_t>(node - tree->nodes.data());
      return std::optional(inode_of_node(*folder.tree, position, *node));
    }
    const auto entry = folders_.find(folder.path, name);
    if (entry) return std::optional(inode_of_entry(folder.path + "/" + name, *entry));
    if (entry.error().kind() == ErrorKind::not_found) return std::optional<Inode>();
    return std::unexpected(entry.error());
  }

  Result<struct stat> attributes(InodeNumber number, const Inode& inode) {
    struct stat out{};
    out.st_ino = number;
    out.st_blksize = 1 << 17;
    if (inode.kind != Inode::Kind::node) {
      const bool link = inode.kind == Inode::Kind::latest;
      out.st_mode = link ? S_IFLNK | 0777 : S_IFDIR | 0555;
      out.st_nlink = link ? 1 : 2;
      out.st_size = static_cast<off_t>(inode.target.size());
      const bool snapshot = inode.kind == Inode::Kind::snapshot;
      const WallTime changed = snapshot ? inode.time : std::max(started_, folders_.changed());
      out.st_mtim = out.st_ctim = out.st_atim = to_timespec(changed);
      return out;
    }
    const auto tree = TRY(reader_.tree(inode.place.tree));
    const Node& node = tree->nodes[inode.place.position];
    out.st_mode = file_type_bits(node.type) | (node.mode & 07777);
    out.st_nlink = node.type == NodeType::directory ? 2 : std::max<nlink_t>(node.links, 1);
    out.st_uid = options_.owner_root ? 0 : node.uid;
    out.st_gid = options_.owner_root ? 0 : node.gid;
    out.st_rdev = node.device;
    const std::uint64_t size = node.type == NodeType::symlink ? node.link_target.size() : node.size;
    out.st_size = static_cast<off_t>(size);
    out.st_blocks = static_cast<blkcnt_t>((size + 511) / 512);
    out.st_mtim = to_timespec(node.modified);
    out.st_ctim = to_timespec(node.changed);
    out.st_atim = to_timespec(node.accessed);
    return out;
  }

  Result<std::string> link_target(const Inode& inode) {
    if (inode.kind == Inode::Kind::latest) return inode.target;
    if (inode.kind != Inode::Kind::node) return fail(ErrorKind::invalid, "is no link");
    const auto tree = TRY(reader_.tree(inode.place.tree));
    return tree->nodes[inode.place.position].link_target;
  }

  Result<std::vector<ExtendedAttribute>> extended_attributes(const Inode& inode) {
    if (inode.kind != Inode::Kind::node) return std::vector<ExtendedAttribute>();
    const auto tree = TRY(reader_.tree(inode.place.tree));
    return tree->nodes[inode.place.position].extended_attributes;
  }

  Result<std::vector<BlobReader::Part>> read(const Inode& inode, std::uint64_t offset,
                                             std::size_t length) {
    if (inode.kind != Inode::Kind::node) return fail(ErrorKind::invalid, "is no file");
    return reader_.read(inode.place, offset, length);
  }

  // Counts a look-up, and says how long the kernel may believe it.
  Result<fuse_entry_param> enter(InodeNumber parent, const Child& child) {
    fuse_entry_param entry{};
    entry.ino = inodes_.look_up(parent, child.name, child.inode);
    const auto attributes_now = attributes(entry.ino, child.inode);
    if (!attributes_now) {
      inodes_.forget(entry.ino, 1);
      return std::unexpected(attributes_now.error());
    }
    entry.attr = *attributes_now;
    entry.generation = 1;
    entry.entry_timeout = seconds_valid(child.inode);
    entry.attr_timeout = entry.entry_timeout;
    return entry;
  }

  static double seconds_valid(const Inode& inode) {
    return inode.kind == Inode::Kind::node ? kUnchangingSeconds : kChangingSeconds;
  }

  InodeTable& inodes() { return inodes_; }
  bool without_open = false;
  bool without_opendir = false;

 private:
  static Inode inode_of_node(const BlobId& tree, std::size_t position, const Node& node) {
    Inode inode{.kind = Inode::Kind::node};
    inode.place = {tree, position};
    inode.tree = node.subtree;
    return inode;
  }

  static Inode inode_of_entry(std::string path, const FolderEntry& entry) {
    Inode inode{.path = std::move(path)};
    if (const auto* snapshot = std::get_if<SnapshotRoot>(&entry)) {
      inode.kind = Inode::Kind::snapshot;
      inode.tree = snapshot->tree;
      inode.time = snapshot->time;
    } else if (const auto* link = std::get_if<LatestLink>(&entry)) {
      inode.kind = Inode::Kind::latest;
      inode.target = link->target;
    }
    return inode;
  }

  const MountOptions& options_;
  SnapshotFolders folders_;
  BlobReader reader_;
  InodeTable inodes_;
  const WallTime started_;
};

MountedRepository& mounted(fuse_req_t request) {
  return *static_cast<MountedRepository*>(fuse_req_userdata(request));
}

void refuse(fuse_req_t request, const Error& error) {
  if (error.kind() == ErrorKind::not_found && error.message() == "no such file") {
    fuse_reply_err(request, ENOENT);
    return;
  }
  log::warning("cannot be read", {{"error", error.message()}});
  fuse_reply_err(request, error.kind() == ErrorKind::invalid ? EINVAL : EIO);
}

void on_init(void* user, fuse_conn_info* connection) {
  auto& self = *static_cast<MountedRepository*>(user);
  // Always names and attributes together: who lists a folder mostly looks at what is in it.
  // Links are not cached by the kernel: it would go on following `latest` to where it led before.
  connection->want |=
      connection->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_ASYNC_READ | FUSE_CAP_PARALLEL_DIROPS);
  connection->want &= ~static_cast<unsigned>(FUSE_CAP_READDIRPLUS_AUTO);
  connection->max_readahead = kReadAheadMax;
  // Of a read-only mount this says how many pages one request may ask for.
  connection->max_write = kReadAheadMax;
  self.without_open = (connection->capable & FUSE_CAP_NO_OPEN_SUPPORT) != 0;
  self.without_opendir = (connection->capable & FUSE_CAP_NO_OPENDIR_SUPPORT) != 0;
}

void on_lookup(fuse_req_t request, fuse_ino_t parent, const char* name) {
  MountedRepository& self = mounted(request);
  const auto folder = self.inode(parent);
  if (!folder) return refuse(request, folder.error());
  auto child = self.child(*folder, name);
  if (!child) return refuse(request, child.error());
  fuse_entry_param entry{};
  if (!*child) {
    entry.entry_timeout = folder->tree ? kUnchangingSeconds : kChangingSeconds;
    fuse_reply_entry(request, &entry);
    return;
  }
  const auto entered = self.enter(parent, {name, **std::move(child)});
  if (!entered) return refuse(request, entered.error());
  if (fuse_reply_entry(request, &*entered) != 0) self.inodes().forget(entered->ino, 1);
}

void on_forget(fuse_req_t request, fuse_ino_t inode, std::uint64_t lookups) {
  mounted(request).inodes().forget(inode, lookups);
  fuse_reply_none(request);
}

void on_forget_multi(fuse_req_t request, std::size_t count, fuse_forget_data* forgets) {
  for (std::size_t i = 0; i < count; ++i) {
    mounted(request).inodes().forget(forgets[i].ino, forgets[i].nlookup);
  }
  fuse_reply_none(request);
}

void on_getattr(fuse_req_t request, fuse_ino_t number, fuse_file_info*) {
  MountedRepository& self = mounted(request);
  const auto inode = self.inode(number);
  if (!inode) return refuse(request, inode.error());
  const auto attributes = self.attributes(number, *inode);
  if (!attributes) return refuse(request, attributes.error());
  fuse_reply_attr(request, &*attributes, MountedRepository::seconds_valid(*inode));
}

void on_readlink(fuse_req_t request, fuse_ino_t number) {
  MountedRepository& self = mounted(request);
  const auto inode = self.inode(number);
  if (!inode) return refuse(request, inode.error());
  const auto target = self.link_target(*inode);
  if (!target) return refuse(request, target.error());
  fuse_reply_readlink(request, target->c_str());
}

// Where the kernel can do without, it is spared two calls for each file that is read.
void on_open(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  if (mounted(request).without_open) {
    fuse_reply_err(request, ENOSYS);
    return;
  }
  info->keep_cache = 1;
  fuse_reply_open(request, info);
}

void on_opendir(fuse_req_t request, fuse_ino_t, fuse_file_info* info) {
  if (mounted(request).without_opendir) {
    fuse_reply_err(request, ENOSYS);
    return;
  }
  fuse_reply_open(request, info);
}

void on_read(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
             fuse_file_info*) {
  MountedRepository& self = mounted(request);
  const auto inode = self.inode(number);
  if (!inode) return refuse(request, inode.error());
  const auto parts = self.read(*inode, static_cast<std::uint64_t>(offset), size);
  if (!parts) return refuse(request, parts.error());
  // From where they are kept; the interface takes what it only reads as if it wrote there.
  std::vector<iovec> pieces;
  for (const BlobReader::Part& part : *parts) {
    pieces.push_back({const_cast<std::uint8_t*>(part.bytes.data()), part.bytes.size()});
  }
  fuse_reply_iov(request, pieces.data(), static_cast<int>(pieces.size()));
}

enum class Listing { names, with_attributes };

// One answer to readdir, filled until the next entry does not fit.
class DirectoryAnswer {
 public:
  DirectoryAnswer(fuse_req_t request, std::size_t size, Listing listing)
      : request_(request), buffer_(size), listing_(listing) {}

  bool fits(const std::string& name) const {
    const std::size_t needed =
        listing_ == Listing::names
            ? fuse_add_direntry(request_, nullptr, 0, name.c_str(), nullptr, 0)
            : fuse_add_direntry_plus(request_, nullptr, 0, name.c_str(), nullptr, 0);
    return used_ + needed <= buffer_.size();
  }
  void add(const std::string& name, const fuse_entry_param& entry, off_t next) {
    char* at = reinterpret_cast<char*>(buffer_.data()) + used_;
    const std::size_t left = buffer_.size() - used_;
    used_ += listing_ == Listing::names
                 ? fuse_add_direntry(request_, at, left, name.c_str(), &entry.attr, next)
                 : fuse_add_direntry_plus(request_, at, left, name.c_str(), &entry, next);
  }
  void send() const {
    fuse_reply_buf(request_, reinterpret_cast<const char*>(buffer_.data()), used_);
  }

 private:
  const fuse_req_t request_;
  Bytes buffer_;
  const Listing listing_;
  std::size_t used_ = 0;
};

// Positions: 0 is ".", 1 is "..", then what the folder holds.
void list(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset, Listing listing) {
  constexpr std::size_t kDots = 2;
  // No entry takes less than this.
  constexpr std::size_t kEntrySizeMin = 24;
  MountedRepository& self = mounted(request);
  const auto folder = self.inode(number);
  if (!folder) return refuse(request, folder.error());
  DirectoryAnswer answer(request, size, listing);
  auto position = static_cast<std::size_t>(offset);
  for (; position < kDots; ++position) {
    const std::string name = position == 0 ? "." : "..";
    fuse_entry_param entry{};
    entry.attr.st_ino = number;
    entry.attr.st_mode = S_IFDIR;
    if (!answer.fits(name)) return answer.send();
    answer.add(name, entry, static_cast<off_t>(position + 1));
  }
  const auto children = self.children(*folder, position - kDots, size / kEntrySizeMin);
  if (!children) return refuse(request, children.error());
  for (const auto& child : *children) {
    if (!answer.fits(child.name)) break;
    ++position;
    const auto entered = self.enter(number, child);
    if (!entered) return refuse(request, entered.error());
    answer.add(child.name, *entered, static_cast<off_t>(position));
    if (listing == Listing::names) self.inodes().forget(entered->ino, 1);
  }
  answer.send();
}

void on_readdir(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
                fuse_file_info*) {
  list(request, number, size, offset, Listing::names);
}

void on_readdirplus(fuse_req_t request, fuse_ino_t number, std::size_t size, off_t offset,
                    fuse_file_info*) {
  list(request, number, size, offset, Listing::with_attributes);
}

// Of attributes: with no room, how much is needed; else the bytes, or ERANGE.
void reply_bounded(fuse_req_t request, ByteView bytes, std::size_t room) {
  if (room == 0) fuse_reply_xattr(request, bytes.size());
  else if (bytes.size() > room) fuse_reply_err(request, ERANGE);
  else fuse_reply_buf(request, reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

void on_getxattr(fuse_req_t request, fuse_ino_t number, const char* name, std::size_t room) {
  MountedRepository& self = mounted(request);
  const auto inode = self.inode(number);
  if (!inode) return refuse(request, inode.error());
  const auto attributes = self.extended_attributes(*inode);
  if (!attributes) return refuse(request, attributes.error());
  const auto at = std::ranges::find(*attributes, name, &ExtendedAttribute::name);
  if (at == attributes->end()) fuse_reply_err(request, ENODATA);
  else reply_bounded(request, at->value, room);
}

void on_listxattr(fuse_req_t request, fuse_ino_t number, std::size_t room) {
  MountedRepository& self = mounted(request);
  const auto inode = self.inode(number);
  if (!inode) return refuse(request, inode.error());
  const auto attributes = self.extended_attributes(*inode);
  if (!attributes) return refuse(request, attributes.error());
  Bytes names;
  for (const ExtendedAttribute& attribute : *attributes) {
    names.insert(names.end(), attribute.name.begin(), attribute.name.end());
    names.push_back(0);
  }
  reply_bounded(request, names, room);
}

fuse_lowlevel_ops operations() {
  fuse_lowlevel_ops ops{};
  ops.init = on_init;
  ops.lookup = on_lookup;
  ops.forget = on_forget;
  ops.forget_multi = on_forget_multi;
  ops.getattr = on_getattr;
  ops.readlink = on_readlink;
  ops.open = on_open;
  ops.opendir = on_opendir;
  ops.read = on_read;
  ops.readdir = on_readdir;
  ops.readdirplus = on_readdirplus;
  ops.getxattr = on_getxattr;
  ops.listxattr = on_listxattr;
  return ops;
}

struct SessionCloser {
  void operator()(fuse_session* session) const { fuse_session_destroy(session); }
};

Result<void> serve(fuse_session* session, const MountOptions& options) {
  if (fuse_set_signal_handlers(session) != 0) {
    return fail(ErrorKind::internal, "the signals could not be taken over");
  }
  if (fuse_session_mount(session, options.mountpoint.c_str()) != 0) {
    fuse_remove_signal_handlers(session);
    return fail(ErrorKind::io, fmt::format("{} could not be mounted on; see the message before",
                                           options.mountpoint.native()));
  }
  if (options.mounted) options.mounted();
  fuse_loop_config* loop = fuse_loop_cfg_create();
  fuse_loop_cfg_set_clone_fd(loop, 1);
  fuse_loop_cfg_set_max_threads(loop, kThreadsMax);
  const int status = fuse_session_loop_mt(session, loop);
  fuse_loop_cfg_destroy(loop);
  fuse_session_unmount(session);
  fuse_remove_signal_handlers(session);
  // A signal that asks for the end is answered with its number.
  if (status >= 0) return {};
  return fail_errno(-status, "serving the mount");
}

}  // namespace

Result<void> mount(Repository& repository, const MountOptions& options) {
  TRY(require_usable(options.layout));
  TRY(repository.load_index());
  MountedRepository mounted_repository(repository, options);
  std::string words = "ro,fsname=bulkhead,subtype=bulkhead";
  if (options.allow_other) words += ",allow_other";
  if (options.check_permissions) words += ",default_permissions";
  std::vector<std::string> given = {"bulkhead", "-o", words};
  std::vector<char*> arguments;
  for (std::string& text : given) arguments.push_back(text.data());
  fuse_args parsed = FUSE_ARGS_INIT(static_cast<int>(arguments.size()), arguments.data());
  const fuse_lowlevel_ops ops = operations();
  const std::unique_ptr<fuse_session, SessionCloser> session(
      fuse_session_new(&parsed, &ops, sizeof ops, &mounted_repository));
  fuse_opt_free_args(&parsed);
  if (!session) return fail(ErrorKind::internal, "libfuse refused its options");
  return serve(session.get(), options);
}

}  // namespace bulkhead::repository
