#include "repository/internal/restore_plan.h"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "repository/exclude.h"
#include "repository/index.h"
#include "repository/walk.h"

namespace bulkhead::repository {
namespace {

constexpr int kDepthMax = 4096;
// Of one read: large enough to be worth a request, small enough to hold one in each thread.
constexpr std::uint64_t kReadSizeMax = 2 << 20;
// Cheaper to read over than to ask again.
constexpr std::uint64_t kReadGapMax = 128 << 10;

class Planner {
 public:
  Planner(Repository& repository, const RestoreOptions& options)
      : repository_(repository),
        includes_(options.includes, options.includes_any_case),
        excludes_(options.excludes, options.excludes_any_case),
        list_names_(options.delete_unexpected) {}

  Result<void> add_tree(const BlobId& id, const std::string& target_path,
                        const std::string& snapshot_path, bool included, int depth,
                        std::size_t folder = kTargetItself) {
    if (depth > kDepthMax) {
      return fail(ErrorKind::limit, snapshot_path + ": folders are nested too deep");
    }
    Tree tree = TRY_CONTEXT(repository_.load_tree(id), "folder " + snapshot_path);
    if (list_names_) {
      PlannedListing listing{target_path, snapshot_path, included, {}};
      for (const Node& node : tree.nodes) listing.names.push_back(node.name);
      plan_.listings.push_back(std::move(listing));
    }
    for (Node& node : tree.nodes) {
      TRY(add_node(std::move(node), target_path, snapshot_path, included, depth, folder));
    }
    return {};
  }

  Result<void> add_node(Node node, const std::string& target_folder,
                        const std::string& snapshot_folder, bool included, int depth,
                        std::size_t folder = kTargetItself) {
    const std::string snapshot_path = snapshot_folder + "/" + node.name;
    const std::string path = target_folder.empty() ? node.name : target_folder + "/" + node.name;
    if (excludes_.match(snapshot_path)) return {};
    included = included || includes_.empty() || includes_.match(snapshot_path);
    if (node.type != NodeType::directory) {
      if (included) add_leaf(path, std::move(node), folder);
      return {};
    }
    if (!included && !includes_.could_match_below(snapshot_path)) return {};
    const BlobId subtree = *node.subtree;
    const std::size_t position = plan_.directories.size();
    plan_.directories.push_back({path, std::move(node)});
    const std::size_t before = entries();
    TRY(add_tree(subtree, path, snapshot_path, included, depth + 1, position));
    // A folder that was only looked through, and in vain.
    if (!included && entries() == before) {
      plan_.directories.resize(position);
      std::erase_if(plan_.listings, [&](const PlannedListing& listing) {
        return listing.path == path || listing.path.starts_with(path + "/");
      });
    }
    return {};
  }

  RestorePlan take() { return std::move(plan_); }

 private:
  std::size_t entries() const {
    return plan_.directories.size() + plan_.files.size() + plan_.others.size() + plan_.links.size();
  }

  void add_leaf(const std::string& path, Node node, std::size_t folder) {
    const bool special = node.type != NodeType::file;
    const std::size_t position = special ? plan_.others.size() : plan_.files.size();
    if (node.links > 1 && node.inode != 0) {
      const auto [first, added] = first_names_.try_emplace({node.device_id, node.inode},
                                                           PlannedLink{{}, position, special});
      if (!added && first->second.special == special) {
        plan_.links.push_back({path, first->second.file, special});
        return;
      }
    }
    if (special) plan_.others.push_back({std::move(node), folder});
    else plan_.files.add(node, folder);
  }

  Repository& repository_;
  const PathPatterns includes_;
  const PathPatterns excludes_;
  const bool list_names_;
  RestorePlan plan_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, PlannedLink> first_names_;
};

std::vector<PlannedRead> make_reads(std::vector<PlannedPiece>& pieces) {
  std::ranges::sort(pieces, {}, [](const PlannedPiece& piece) {
    return std::tie(piece.pack, piece.offset, piece.file, piece.part);
  });
  std::vector<PlannedRead> reads;
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const PlannedPiece& piece = pieces[i];
    const std::uint64_t piece_end = std::uint64_t{piece.offset} + piece.sealed_size;
    const PlannedPiece* const first = reads.empty() ? nullptr : &pieces[reads.back().first];
    const bool joins = first && first->pack == piece.pack && piece.offset <= end + kReadGapMax &&
                       (piece_end - first->offset <= kReadSizeMax || piece_end <= end);
    if (!joins) reads.push_back({i, 0});
    ++reads.back().count;
    end = joins ? std::max(end, piece_end) : piece_end;
  }
  return reads;
}

// Where a file's blobs lie.
class Locator {
 public:
  explicit Locator(Repository& repository) : repository_(repository) {}

  // nullopt where the blob is in no index.
  std::optional<PlannedPiece> find(const BlobId& id) {
    const auto location = repository_.index().find({BlobType::data, id});
    if (!location) return std::nullopt;
    const auto next = static_cast<std::uint32_t>(packs_.size());
    const auto [at, added] = numbers_.try_emplace(location->pack, next);
    if (added) packs_.push_back(location->pack);
    const PackedBlob& blob = location->blob;
    return PlannedPiece{.pack = at->second,
                        .offset = blob.offset,
                        .sealed_size = blob.sealed_size,
                        .raw_size = blob.raw_size,
                        .file = 0,
                        .part = 0,
                        .offset_in_file = 0};
  }
  std::vector<PackId> take_packs() { return std::move(packs_); }

 private:
  Repository& repository_;
  std::unordered_map<PackId, std::uint32_t> numbers_;
  std::vector<PackId> packs_;
};

}  // namespace

Result<RestorePlan> plan_restore(Repository& repository, const Snapshot& snapshot,
                                 const RestoreOptions& options) {
  Planner planner(repository, options);
  const bool whole = options.subpath.find_first_not_of('/') == std::string::npos;
  if (whole) {
    TRY(planner.add_tree(snapshot.tree, "", "", false, 0));
    return planner.take();
  }
  Node node = TRY(find_node(repository, snapshot.tree, options.subpath));
  std::string folder = options.subpath;
  while (folder.ends_with('/')) folder.pop_back();
  if (!folder.starts_with('/')) folder.insert(folder.begin(), '/');
  if (node.subtree) {
    TRY(planner.add_tree(*node.subtree, "", folder, false, 0));
  } else {
    folder.resize(folder.rfind('/'));
    TRY(planner.add_node(std::move(node), "", folder, false, 0));
  }
  return planner.take();
}

std::string RestorePlan::path_of_file(std::size_t position) const {
  return path_in(files.folder(position), files.name(position));
}

std::string RestorePlan::path_of_other(std::size_t position) const {
  return path_in(others[position].folder, others[position].node.name);
}

std::string RestorePlan::path_in(std::size_t folder, std::string_view name) const {
  if (folder == kTargetItself) return std::string(name);
  std::string path = directories[folder].path;
  path += '/';
  return path += name;
}

PackedBlob blob_of(const RestorePlan& plan, const PlannedPiece& piece) {
  return {.type = BlobType::data,
          .id = plan.files.part(piece.file, piece.part),
          .offset = piece.offset,
          .sealed_size = piece.sealed_size,
          .raw_size = piece.raw_size};
}

Result<ContentPlan> plan_contents(Repository& repository, const RestorePlan& plan,
                                  const std::vector<FileFate>& fates) {
  static const FileFate kMake;
  if (plan.files.size() > UINT32_MAX) {
    return fail(ErrorKind::limit, "more than 4 thousand million files: restore a part at a time");
  }
  ContentPlan contents;
  contents.sizes.resize(plan.files.size());
  std::size_t parts = 0;
  for (std::size_t file = 0; file < plan.files.size(); ++file) parts += plan.files.parts(file);
  contents.pieces.reserve(parts);
  Locator locator(repository);
  for (std::size_t file = 0; file < plan.files.size(); ++file) {
    const FileFate& fate = fates.empty() ? kMake : fates[file];
    if (fate.kind == FileFate::Kind::same || fate.kind == FileFate::Kind::keep) {
      contents.sizes[file] = plan.files.bytes(file);
      continue;
    }
    std::uint64_t offset = 0;
    for (std::size_t part = 0; part < plan.files.parts(file); ++part) {
      const BlobId id = plan.files.part(file, part);
      auto piece = locator.find(id);
      if (!piece) {
        contents.incomplete.emplace_back(
            file, Error(ErrorKind::corrupt, "data blob " + id.short_hex() + " is in no index"));
        break;
      }
      piece->file = static_cast<std::uint32_t>(file);
      piece->part = static_cast<std::uint32_t>(part);
      piece->offset_in_file = offset;
      offset += blob_of(plan, *piece).plaintext_size();
      const bool in_place = part < fate.in_place.size() && fate.in_place[part];
      if (!in_place) contents.pieces.push_back(*piece);
    }
    contents.sizes[file] = offset;
  }
  contents.packs = locator.take_packs();
  contents.reads = make_reads(contents.pieces);
  return contents;
}

}  // namespace bulkhead::repository
