#include "supervisor/backup/dataset_snapshots.h"

#include <algorithm>

#include "repository/walk.h"

namespace bulkhead::supervisor {
namespace {

// Larger files are judged by their first blobs: a chunk is 1 MiB on average.
constexpr std::uint64_t kJudgedBytesMax = 8ull << 20;

Result<analysis::ContentProfile> profile_of(repository::Repository& repository,
                                            const repository::Snapshot& snapshot,
                                            const std::string& path) {
  const repository::Node node = TRY(repository::find_node(repository, snapshot.tree, path));
  Bytes content;
  for (const repository::BlobId& id : node.content) {
    const Bytes blob = TRY(repository.load_blob(repository::BlobType::data, id));
    content.insert(content.end(), blob.begin(), blob.end());
    if (content.size() >= kJudgedBytesMax) break;
  }
  return analysis::profile_content(content);
}

}  // namespace

std::string service_tag(std::string_view service) { return "service=" + std::string(service); }
std::string incident_tag(std::string_view incident) { return "incident=" + std::string(incident); }
std::string recorded_path(std::string_view service) { return "/datasets/" + std::string(service); }

bool has_tag(const repository::Snapshot& snapshot, std::string_view tag) {
  return std::ranges::find(snapshot.tags, tag) != snapshot.tags.end();
}

WallTime complete_at(const repository::Snapshot& snapshot) {
  return snapshot.summary ? std::max(snapshot.time, snapshot.summary->backup_end) : snapshot.time;
}

Result<std::vector<repository::Snapshot>> snapshots_of(repository::Repository& repository,
                                                       std::string_view service) {
  repository::SnapshotFilter filter;
  filter.tags = {{service_tag(service)}};
  return repository.snapshots(filter);
}

Result<analysis::Listing> listing_of(repository::Repository& repository,
                                     const repository::Snapshot& snapshot) {
  analysis::Listing listing;
  TRY(repository::walk(repository, snapshot.tree,
                       [&](const repository::WalkEntry& entry) -> Result<repository::WalkStep> {
                         if (entry.node.type != repository::NodeType::file) {
                           return repository::WalkStep::go_on;
                         }
                         std::string& content = listing[entry.path];
                         for (const repository::BlobId& id : entry.node.content) {
                           content += as_text(id.bytes());
                         }
                         return repository::WalkStep::go_on;
                       }));
  return listing;
}

Result<std::vector<analysis::Indicator>> compare_snapshots(repository::Repository& repository,
                                                           const analysis::ComparisonInput& input,
                                                           const repository::Snapshot& before,
                                                           const repository::Snapshot& after) {
  const analysis::Listing listing_before = TRY(listing_of(repository, before));
  const analysis::Listing listing_after = TRY(listing_of(repository, after));
  return analysis::compare_listings(
      input, listing_before, listing_after, [&](analysis::Side side, const std::string& path) {
        return profile_of(repository, side == analysis::Side::before ? before : after, path);
      });
}

}  // namespace bulkhead::supervisor
