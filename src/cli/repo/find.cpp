#include "repository/find.h"

#include <fmt/format.h>

#include "cli/repo/node_output.h"
#include "cli/repo/option_values.h"
#include "cli/repo/output.h"
#include "cli/repo/selection.h"
#include "cli/repo/session.h"
#include "cli/repo/verbs.h"
#include "json/value.h"
#include "repository/index.h"

namespace bulkhead::cli::repo {
namespace {

using repository::Snapshot;

struct Options {
  SessionOptions session;
  SelectionOptions selection;
  std::vector<std::string> patterns;
  std::vector<std::string> snapshots;
  std::string oldest;
  std::string newest;
  bool ignore_case = false;
  bool detailed = false;
  bool blobs = false;
  bool trees = false;
  bool packs = false;
  bool show_pack = false;
};

// Objects one by one, as an array that is never whole in memory.
class JsonList {
 public:
  Result<void> add(const json::Object& object) {
    TRY(print_output(std::exchange(first_, false) ? "[" : ","));
    return print_output(json::write(object));
  }
  Result<void> end() { return print_output(first_ ? "[]\n" : "]\n"); }

 private:
  bool first_ = true;
};

// ---- files by their names

Result<repository::FindOptions> find_options(const Options& options) {
  repository::FindOptions out;
  TRY(repository::require_patterns(options.patterns));
  (options.ignore_case ? out.patterns_any_case : out.patterns) = options.patterns;
  if (!options.oldest.empty()) out.oldest = TRY(parse_time(options.oldest));
  if (!options.newest.empty()) out.newest = TRY(parse_time(options.newest));
  return out;
}

Result<void> find_paths_as_json(repository::PathFinder& finder,
                                const std::vector<Snapshot>& snapshots) {
  JsonList list;
  for (const Snapshot& snapshot : snapshots) {
    json::Array matches;
    TRY(finder.find(snapshot, [&](const repository::WalkEntry& entry) -> Result<void> {
      matches.emplace_back(to_json(entry.node, "/" + entry.path));
      return {};
    }));
    if (matches.empty()) continue;
    const std::uint64_t hits = matches.size();
    TRY(list.add(json::Object{
        {"matches", std::move(matches)}, {"hits", hits}, {"snapshot", snapshot.id.to_hex()}}));
  }
  return list.end();
}

Result<void> find_paths(repository::Repository& repository, const Options& options,
                        const std::vector<Snapshot>& snapshots) {
  repository::PathFinder finder(repository, TRY(find_options(options)));
  if (options.session.json) return find_paths_as_json(finder, snapshots);
  bool any = false;
  for (const Snapshot& snapshot : snapshots) {
    bool here = false;
    TRY(finder.find(snapshot, [&](const repository::WalkEntry& entry) -> Result<void> {
      if (!std::exchange(here, true)) {
        TRY(print_output(fmt::format("{}Found matching entries in snapshot {} from {}\n",
                                     any ? "\n" : "", snapshot.id.short_hex(),
                                     show_time(snapshot.time))));
      }
      return print_output(describe(entry.node, "/" + entry.path, options.detailed) + "\n");
    }));
    any = any || here;
  }
  return {};
}

// ---- uses of blobs

Result<void> require_ids(const std::vector<std::string>& texts) {
  for (const std::string& text : texts) {
    const bool id = !text.empty() && text.size() <= 64 &&
                    text.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (!id) return fail(ErrorKind::invalid, fmt::format("\"{}\" is no beginning of an id", text));
  }
  return {};
}

Result<repository::BlobsWanted> blobs_wanted(repository::Repository& repository,
                                             const Options& options) {
  TRY(require_ids(options.patterns));
  repository::BlobsWanted wanted;
  if (options.blobs) wanted.data = options.patterns;
  if (options.trees) wanted.trees = options.patterns;
  if (!options.packs) return wanted;
  for (const std::string& pattern : options.patterns) {
    const repository::FoundPack pack = TRY(repository::find_pack(repository, pattern));
    for (const repository::PackedBlob& blob : pack.blobs) wanted.keys.insert({blob.type, blob.id});
  }
  return wanted;
}

// restic calls a data blob "blob".
std::string_view word_for(repository::BlobType type) {
  return type == repository::BlobType::data ? "blob" : "tree";
}

Result<void> print_use(const repository::BlobUse& use, const Snapshot& snapshot) {
  return print_output(fmt::format(
      "Found {} {}\n ... {} {}\n     (tree {})\n ... in snapshot {} ({})\n",
      word_for(use.blob.type), use.blob.id.to_hex(),
      use.blob.type == repository::BlobType::data ? "in file" : "path", show_name(use.path),
      use.parent_tree.to_hex(), snapshot.id.short_hex(), show_time(snapshot.time)));
}

Result<void> print_packs(repository::Repository& repository,
                         const std::unordered_set<repository::BlobKey>& found) {
  for (const repository::BlobKey& key : found) {
    const auto location = repository.index().find(key);
    if (!location) continue;
    TRY(print_output(fmt::format("Object belongs to pack {}\n ... {} {} at {}, {} bytes\n",
                                 location->pack.to_hex(), word_for(key.type), key.id.to_hex(),
                                 location->blob.offset, location->blob.sealed_size)));
  }
  return {};
}

Result<void> find_blobs(repository::Repository& repository, const Options& options,
                        const std::vector<Snapshot>& snapshots) {
  const repository::BlobsWanted wanted = TRY(blobs_wanted(repository, options));
  std::unordered_set<repository::BlobKey> found;
  JsonList list;
  for (const Snapshot& snapshot : snapshots) {
    const auto tell = [&](const repository::BlobUse& use) -> Result<void> {
      found.insert(use.blob);
      if (!options.session.json) return print_use(use, snapshot);
      return list.add(json::Object{{"object_type", word_for(use.blob.type)},
                                   {"id", use.blob.id.to_hex()},
                                   {"path", use.path},
                                   {"parent_tree", use.parent_tree.to_hex()},
                                   {"snapshot", snapshot.id.to_hex()},
                                   {"time", to_rfc3339(snapshot.time)}});
    };
    TRY(repository::find_uses(repository, snapshot, wanted, tell));
  }
  if (options.session.json) return list.end();
  if (options.show_pack) return print_packs(repository, found);
  return {};
}

Result<int> find(const Options& options, Session& session) {
  if (options.blobs + options.trees + options.packs > 1) {
    return fail(ErrorKind::invalid, "give one of --blob, --tree and --pack");
  }
  const auto snapshots =
      TRY(find_snapshots(session.repository, options.snapshots, options.selection));
  TRY(session.repository.load_index());
  const bool by_id = options.blobs || options.trees || options.packs;
  if (by_id) TRY(find_blobs(session.repository, options, snapshots));
  else TRY(find_paths(session.repository, options, snapshots));
  return kExitSuccess;
}

}  // namespace

void register_find(Command& repo) {
  auto options = std::make_shared<Options>();
  Command& command = repo.subcommand("find", "Find files, or the users of blobs, in snapshots");
  add_session_options(command, options->session);
  add_selection_options(command, options->selection);
  command.arguments("PATTERN", options->patterns, "as of --exclude", Need::required)
      .option("-s,--snapshot", options->snapshots, "only in this one")
      .option("-O,--oldest", options->oldest, "not modified before this time")
      .option("-N,--newest", options->newest, "not modified after this time")
      .flag("-i,--ignore-case", options->ignore_case, "capital letters or small")
      .flag("-l,--long", options->detailed, "modes, owners, sizes and times too")
      .flag("--blob", options->blobs, "PATTERN begins the id of a file's blob")
      .flag("--tree", options->trees, "PATTERN begins the id of a folder's tree")
      .flag("--pack", options->packs, "PATTERN begins the id of a pack: all that is in it")
      .flag("--show-pack-id", options->show_pack, "with --blob and --tree: where it is stored");
  command.on_run([options] {
    return with_repository(options->session, Locking::shared,
                           [&](Session& session) { return find(*options, session); });
  });
}

}  // namespace bulkhead::cli::repo
