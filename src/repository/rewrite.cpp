#include "repository/rewrite.h"

#include <algorithm>

#include "repository/exclude.h"
#include "repository/internal/blob_writer.h"
#include "repository/lock.h"

namespace bulkhead::repository {
namespace {

constexpr int kDepthMax = 4096;
constexpr std::string_view kTag = "rewrite";

class TreeFilter {
 public:
  TreeFilter(Repository& repository, BlobWriter& writer, const RewriteOptions& options)
      : repository_(repository),
        writer_(writer),
        excludes_(options.excludes, options.excludes_any_case) {}

  // The tree without what is excluded: its own id where nothing is.
  Result<BlobId> filter(const BlobId& id, const std::string& folder, int depth) {
    if (depth > kDepthMax) return fail(ErrorKind::limit, folder + ": folders are nested too deep");
    const Bytes text = TRY_CONTEXT(repository_.load_blob(BlobType::tree, id), "folder " + folder);
    Tree tree = TRY_CONTEXT(decode_tree(as_text(text)), "folder " + folder);
    // Compared before anything is changed: whatever another program put there must not get lost.
    const bool known = encode_tree(tree) == as_text(text);
    Tree kept;
    bool changed = false;
    for (Node& node : tree.nodes) {
      const std::string path = folder + "/" + node.name;
      if (excludes_.match(path)) {
        left_out_.push_back(path);
        changed = true;
        continue;
      }
      if (node.subtree) {
        const BlobId below = TRY(filter(*node.subtree, path, depth + 1));
        changed = changed || below != *node.subtree;
        node.subtree = below;
      }
      kept.nodes.push_back(std::move(node));
    }
    if (!changed) return id;
    if (!known) {
      return fail(ErrorKind::corrupt,
                  "folder " + folder + "/ holds what would be lost if it were written anew");
    }
    return writer_.store(BlobType::tree, as_bytes(encode_tree(kept)), scratch_);
  }

  std::vector<std::string> take_left_out() { return std::exchange(left_out_, {}); }

 private:
  BlobWriter::Scratch scratch_;
  Repository& repository_;
  BlobWriter& writer_;
  const PathPatterns excludes_;
  std::vector<std::string> left_out_;
};

bool holds(const std::vector<std::string>& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

std::vector<std::string> new_tags(const std::vector<std::string>& tags,
                                  const RewriteOptions& options) {
  std::vector<std::string> out = options.set_tags.value_or(tags);
  for (const std::string& tag : options.add_tags) {
    if (!holds(out, tag)) out.push_back(tag);
  }
  std::erase_if(out, [&](const std::string& tag) { return holds(options.remove_tags, tag); });
  return out;
}

}  // namespace

Result<std::vector<RewrittenSnapshot>> rewrite_snapshots(Repository& repository,
                                                         const std::vector<Snapshot>& snapshots,
                                                         const RewriteOptions& options) {
  const auto lock = TRY(Lock::shared(repository));
  TRY(repository.load_index());
  BlobWriter writer(repository);
  TreeFilter filter(repository, writer, options);
  std::vector<RewrittenSnapshot> done;
  StageProgress progress{
      .stage = "reading snapshots", .things = "snapshots", .total = snapshots.size()};
  for (const Snapshot& old : snapshots) {
    // No snapshot was made or removed yet; trees that were stored go with the next prune.
    if (options.cancel && *options.cancel) return fail(ErrorKind::unavailable, "cancelled");
    RewrittenSnapshot rewritten{.old_id = old.id, .made = std::nullopt, .left_out = {}};
    Snapshot made = old;
    made.tree = TRY_CONTEXT(filter.filter(old.tree, "", 0), "snapshot " + old.id.short_hex());
    rewritten.left_out = filter.take_left_out();
    made.hostname = options.hostname.value_or(old.hostname);
    made.time = options.time.value_or(old.time);
    made.tags = new_tags(old.tags, options);
    const bool same = made.tree == old.tree && made.hostname == old.hostname &&
                      made.time == old.time && made.tags == old.tags;
    if (!same) {
      made.original = old.original.value_or(old.id);
      if (!options.forget && options.tag_new && !holds(made.tags, kTag)) {
        made.tags.emplace_back(kTag);
      }
      rewritten.made = std::move(made);
    }
    done.push_back(std::move(rewritten));
    ++progress.done;
    if (options.progress) options.progress(progress);
  }
  // Trees and their index first, then what refers to them, and what it replaces last.
  TRY(writer.finish());
  for (RewrittenSnapshot& rewritten : done) {
    if (!rewritten.made) continue;
    const std::string name =
        TRY(repository.save_file(storage::FileType::snapshot, encode_snapshot(*rewritten.made)));
    rewritten.made->id = TRY(SnapshotId::from_hex(name));
    if (!options.forget) continue;
    TRY_CONTEXT(
        repository.backend().remove({storage::FileType::snapshot, rewritten.old_id.to_hex()}),
        "removing snapshot " + rewritten.old_id.short_hex());
  }
  return done;
}

}  // namespace bulkhead::repository
