#include "repository/verify.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repository/internal/confined_folder.h"
#include "repository/internal/file_node.h"
#include "repository/walk.h"

namespace bulkhead::repository {

std::string_view name_of(Mismatch mismatch) {
  switch (mismatch) {
    case Mismatch::missing: return "missing";
    case Mismatch::unexpected: return "unexpected";
    case Mismatch::type: return "type";
    case Mismatch::size: return "size";
    case Mismatch::content: return "content";
    case Mismatch::link_target: return "link_target";
    case Mismatch::mode: return "mode";
    case Mismatch::time: return "time";
    case Mismatch::owner: return "owner";
    case Mismatch::unreadable: return "unreadable";
  }
  return "";
}

namespace {

class Verifier {
 public:
  Verifier(Repository& repository, const VerifyOptions& options, ConfinedFolder folder)
      : repository_(repository), options_(options), folder_(std::move(folder)) {}

  Result<void> compare_tree(const BlobId& id, const std::string& path) {
    const Tree tree = TRY(repository_.load_tree(id));
    for (const Node& node : tree.nodes) {
      if (options_.cancel && *options_.cancel) {
        return fail(ErrorKind::unavailable, "the verification was cancelled");
      }
      TRY(compare_node(node, path.empty() ? node.name : path + "/" + node.name));
    }
    if (options_.unexpected) report_unexpected(tree, path);
    return {};
  }

  Result<void> compare_node(const Node& node, const std::string& path) {
    auto found = read_node(options_.target / path, node.name, Links::keep, owners_);
    if (!found) {
      const bool missing = found.error().kind() == ErrorKind::not_found;
      report(path, missing ? Mismatch::missing : Mismatch::unreadable, found.error().message());
      return {};
    }
    if (found->type != node.type) {
      report(path, Mismatch::type,
             fmt::format("is {}, was {}", name_of(found->type), name_of(node.type)));
      return {};
    }
    if (node.type == NodeType::symlink && found->link_target != node.link_target) {
      report(path, Mismatch::link_target, fmt::format("points to {}", found->link_target));
    }
    compare_metadata(node, *found, path);
    if (node.type == NodeType::file) return compare_content(node, *found, path);
    if (node.subtree) return compare_tree(*node.subtree, path);
    return {};
  }

  VerifyReport take() { return std::move(report_); }

 private:
  void compare_metadata(const Node& node, const Node& found, const std::string& path) {
    if (options_.metadata && node.type != NodeType::symlink && node.mode != found.mode) {
      report(path, Mismatch::mode, fmt::format("is {:o}, was {:o}", found.mode, node.mode));
    }
    if (options_.metadata && node.modified != found.modified) {
      report(path, Mismatch::time,
             fmt::format("is {}, was {}", to_rfc3339(found.modified), to_rfc3339(node.modified)));
    }
    if (options_.owners && (node.uid != found.uid || node.gid != found.gid)) {
      report(path, Mismatch::owner,
             fmt::format("is {}:{}, was {}:{}", found.uid, found.gid, node.uid, node.gid));
    }
  }

  Result<void> compare_content(const Node& node, const Node& found, const std::string& path) {
    ++report_.files_checked;
    if (found.size != node.size) {
      report(path, Mismatch::size, fmt::format("is {}, was {}", found.size, node.size));
      return {};
    }
    const auto file = folder_.open_below(path, O_RDONLY | O_NONBLOCK);
    if (!file) {
      report(path, Mismatch::unreadable, file.error().message());
      return {};
    }
    for (const BlobId& id : node.content) {
      const std::uint64_t size = TRY_CONTEXT(repository_.blob_size(BlobType::data, id), path);
      const auto digest = digest_of_next(file->get(), size);
      if (!digest) {
        report(path, Mismatch::unreadable, digest.error().message());
        return {};
      }
      report_.bytes_checked += size;
      if (BlobId(*digest) != id) {
        report(path, Mismatch::content, "is not what the snapshot holds");
        return {};
      }
    }
    return {};
  }

  Result<crypto::Sha256Digest> digest_of_next(int fd, std::uint64_t size) {
    crypto::Sha256 hash;
    while (size > 0) {
      const std::size_t wanted = std::min<std::uint64_t>(size, buffer_.size());
      const std::size_t got = TRY(read_some(fd, MutableByteView(buffer_).first(wanted)));
      if (got == 0) break;  // became shorter: the digest will differ
      hash.update(ByteView(buffer_).first(got));
      size -= got;
    }
    return hash.finish();
  }

  void report_unexpected(const Tree& tree, const std::string& path) {
    std::error_code error;
    std::filesystem::directory_iterator entry(options_.target / path, error);
    std::set<std::string> names;
    for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
      names.insert(entry->path().filename().native());
    }
    // A folder that is missing has been reported itself.
    if (error && error.value() != ENOENT) report(path, Mismatch::unreadable, error.message());
    for (const std::string& name : names) {
      if (tree.find(name)) continue;
      report(path.empty() ? name : path + "/" + name, Mismatch::unexpected,
             "is not in the snapshot");
    }
  }

  void report(const std::string& path, Mismatch mismatch, std::string detail) {
    report_.mismatches.push_back({path, mismatch, std::move(detail)});
  }

  Repository& repository_;
  const VerifyOptions& options_;
  const ConfinedFolder folder_;
  OwnerNames owners_;
  VerifyReport report_;
  Bytes buffer_ = Bytes(256 << 10);
};

}  // namespace

Result<VerifyReport> verify(Repository& repository, const Snapshot& snapshot,
                            const VerifyOptions& options) {
  TRY(repository.load_index());
  ConfinedFolder folder = TRY(ConfinedFolder::open(options.target));
  Verifier verifier(repository, options, std::move(folder));
  const bool whole = options.subpath.find_first_not_of('/') == std::string::npos;
  if (whole) {
    TRY(verifier.compare_tree(snapshot.tree, ""));
    return verifier.take();
  }
  const Node node = TRY(find_node(repository, snapshot.tree, options.subpath));
  if (node.subtree) TRY(verifier.compare_tree(*node.subtree, ""));
  else TRY(verifier.compare_node(node, node.name));
  return verifier.take();
}

}  // namespace bulkhead::repository
