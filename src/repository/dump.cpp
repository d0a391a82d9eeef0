#include "repository/dump.h"

#include <algorithm>
#include <array>
#include <deque>
#include <future>
#include <map>

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "repository/internal/access_list.h"
#include "repository/walk.h"

namespace bulkhead::repository {
namespace {

// Blobs of at most 8 MiB that are on their way at once.
constexpr std::size_t kLoadedAhead = 4;

struct ArchiveFreer {
  void operator()(archive* opened) const { ::archive_write_free(opened); }
};
struct EntryFreer {
  void operator()(archive_entry* entry) const { ::archive_entry_free(entry); }
};

// What the callback of libarchive needs; its errors come back through here.
struct Output {
  const ByteSink& sink;
  std::optional<Error> error;
};

la_ssize_t write_out(archive* opened, void* context, const void* data, std::size_t size) {
  auto& output = *static_cast<Output*>(context);
  const auto written = output.sink({static_cast<const std::uint8_t*>(data), size});
  if (written) return static_cast<la_ssize_t>(size);
  output.error = written.error();
  ::archive_set_error(opened, EIO, "%s", written.error().message().c_str());
  return -1;
}

class Archiver {
 public:
  Archiver(Repository& repository, ArchiveFormat format, const ByteSink& sink)
      : repository_(repository), format_(format), output_{sink, std::nullopt} {}

  Result<void> open() {
    archive_.reset(::archive_write_new());
    if (!archive_) return fail(ErrorKind::internal, "no memory for an archive");
    if (format_ == ArchiveFormat::tar) ::archive_write_set_format_pax(archive_.get());
    else ::archive_write_set_format_zip(archive_.get());
    // Names go in as they are: no locale of ours shall change them.
    ::archive_write_set_options(archive_.get(), "hdrcharset=BINARY");
    ::archive_write_set_bytes_in_last_block(archive_.get(), 1);
    return expect(::archive_write_open(archive_.get(), &output_, nullptr, write_out, nullptr));
  }

  Result<void> add(const Node& node, const std::string& path) {
    const bool in_zip = node.type == NodeType::file || node.type == NodeType::directory ||
                        node.type == NodeType::symlink;
    if (node.type == NodeType::socket || (format_ == ArchiveFormat::zip && !in_zip)) {
      report_.left_out.push_back(path);
      return {};
    }
    const std::unique_ptr<archive_entry, EntryFreer> entry(::archive_entry_new());
    const bool further_name = describe(*entry, node, path);
    TRY(expect(::archive_write_header(archive_.get(), entry.get())));
    ++report_.entries;
    if (node.type != NodeType::file || further_name) return {};
    TRY(dump_file(repository_, node, [&](ByteView bytes) -> Result<void> {
      const la_ssize_t written = ::archive_write_data(archive_.get(), bytes.data(), bytes.size());
      if (written == static_cast<la_ssize_t>(bytes.size())) return {};
      return failure();
    }));
    return expect(::archive_write_finish_entry(archive_.get()));
  }

  Result<DumpReport> finish() {
    TRY(expect(::archive_write_close(archive_.get())));
    return std::move(report_);
  }

 private:
  // Whether it is a further name of a file that was added before.
  bool describe(archive_entry& entry, const Node& node, const std::string& path) {
    const bool folder = node.type == NodeType::directory;
    ::archive_entry_set_pathname(&entry, (folder ? path + "/" : path).c_str());
    ::archive_entry_set_mode(&entry, static_cast<mode_t>(file_type_bits(node.type) | node.mode));
    ::archive_entry_set_uid(&entry, node.uid);
    ::archive_entry_set_gid(&entry, node.gid);
    if (!node.user.empty()) ::archive_entry_set_uname(&entry, node.user.c_str());
    if (!node.group.empty()) ::archive_entry_set_gname(&entry, node.group.c_str());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(node.modified);
    ::archive_entry_set_mtime(&entry, static_cast<time_t>(seconds.time_since_epoch().count()),
                              static_cast<long>((node.modified - seconds).count()));
    ::archive_entry_set_size(&entry, 0);
    if (node.type == NodeType::symlink) {
      ::archive_entry_set_symlink(&entry, node.link_target.c_str());
    }
    if (node.device != 0) ::archive_entry_set_rdev(&entry, node.device);
    if (format_ == ArchiveFormat::tar) add_attributes(entry, node);
    if (node.type != NodeType::file) return false;
    ::archive_entry_set_size(&entry, static_cast<la_int64_t>(node.size));
    if (format_ == ArchiveFormat::zip || node.links < 2 || node.inode == 0) return false;
    const auto [first, added] = first_names_.try_emplace({node.device_id, node.inode}, path);
    if (added) return false;
    ::archive_entry_set_hardlink(&entry, first->second.c_str());
    ::archive_entry_set_size(&entry, 0);
    return true;
  }

  static void add_attributes(archive_entry& entry, const Node& node) {
    for (const ExtendedAttribute& attribute : node.extended_attributes) {
      const bool added = add_access_list(entry, attribute.name, attribute.value);
      if (added) continue;
      ::archive_entry_xattr_add_entry(&entry, attribute.name.c_str(), attribute.value.data(),
                                      attribute.value.size());
    }
  }

  // Of the sink first: libarchive only knows that it failed.
  std::unexpected<Error> failure() const {
    if (output_.error) return std::unexpected(*output_.error);
    const char* why = ::archive_error_string(archive_.get());
    return fail(ErrorKind::io, fmt::format("writing the archive: {}", why ? why : "unknown"));
  }

  Result<void> expect(int status) const {
    // Warnings are of names that another system might not like.
    if (status == ARCHIVE_OK || (status == ARCHIVE_WARN && !output_.error)) return {};
    return failure();
  }

  Repository& repository_;
  const ArchiveFormat format_;
  Output output_;
  std::unique_ptr<archive, ArchiveFreer> archive_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> first_names_;
  DumpReport report_;
};

}  // namespace

Result<void> dump_file(Repository& repository, const Node& file, const ByteSink& sink) {
  if (file.type != NodeType::file) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" is not a file", quote_name(file.name)));
  }
  std::deque<std::future<Result<Bytes>>> loading;
  auto next = file.content.begin();
  const auto load_next = [&] {
    if (next == file.content.end()) return;
    const BlobId id = *next++;
    // One of a few blobs needs no thread.
    const auto policy = file.content.size() > 1 ? std::launch::async : std::launch::deferred;
    loading.push_back(
        std::async(policy, [&repository, id] { return repository.load_blob(BlobType::data, id); }));
  };
  for (std::size_t i = 0; i < kLoadedAhead; ++i) load_next();
  while (!loading.empty()) {
    const Result<Bytes> bytes = loading.front().get();
    loading.pop_front();
    if (!bytes) return std::unexpected(bytes.error().with_context(quote_name(file.name)));
    load_next();
    TRY(sink(*bytes));
  }
  return {};
}

Result<DumpReport> dump_archive(Repository& repository, const BlobId& tree,
                                const std::string& prefix, ArchiveFormat format,
                                const ByteSink& sink) {
  TRY(repository.load_index());
  Archiver archiver(repository, format, sink);
  TRY(archiver.open());
  TRY(walk(repository, tree, [&](const WalkEntry& entry) -> Result<WalkStep> {
    TRY(archiver.add(entry.node, prefix.empty() ? entry.path : prefix + "/" + entry.path));
    return WalkStep::go_on;
  }));
  return archiver.finish();
}

}  // namespace bulkhead::repository
