#include "repository/snapshot.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "json/value.h"
#include "repository/internal/decode_time.h"

namespace bulkhead::repository {
namespace {

struct SummaryField {
  std::string_view name;
  std::uint64_t SnapshotSummary::* field;
};

constexpr std::array<SummaryField, 12> kSummaryFields = {{
    {"files_new", &SnapshotSummary::files_new},
    {"files_changed", &SnapshotSummary::files_changed},
    {"files_unmodified", &SnapshotSummary::files_unmodified},
    {"dirs_new", &SnapshotSummary::dirs_new},
    {"dirs_changed", &SnapshotSummary::dirs_changed},
    {"dirs_unmodified", &SnapshotSummary::dirs_unmodified},
    {"data_blobs", &SnapshotSummary::data_blobs},
    {"tree_blobs", &SnapshotSummary::tree_blobs},
    {"data_added", &SnapshotSummary::data_added},
    {"data_added_packed", &SnapshotSummary::data_added_packed},
    {"total_files_processed", &SnapshotSummary::total_files_processed},
    {"total_bytes_processed", &SnapshotSummary::total_bytes_processed},
}};

json::Array to_array(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(text);
  return array;
}

json::Value encode_summary(const SnapshotSummary& summary) {
  json::Object object{{"backup_start", to_rfc3339(summary.backup_start)},
                      {"backup_end", to_rfc3339(summary.backup_end)}};
  for (const SummaryField& field : kSummaryFields) {
    object.set(std::string(field.name), summary.*field.field);
  }
  return object;
}

Result<SnapshotSummary> decode_summary(const json::Value& value) {
  SnapshotSummary summary;
  summary.backup_start = TRY(decode_time(value["backup_start"], "backup_start"));
  summary.backup_end = TRY(decode_time(value["backup_end"], "backup_end"));
  for (const SummaryField& field : kSummaryFields) {
    const json::Value& member = value[field.name];
    if (!member.is_null()) summary.*field.field = TRY(member.to_u64(field.name));
  }
  return summary;
}

Result<std::vector<std::string>> decode_texts(const json::Value& value, std::string_view what) {
  std::vector<std::string> texts;
  if (value.is_null()) return texts;
  const json::Array* list = value.array();
  if (list == nullptr) return fail(ErrorKind::corrupt, fmt::format("{} is not a list", what));
  for (const json::Value& item : *list) texts.push_back(TRY(item.to_string(what)));
  return texts;
}

Result<std::string> decode_text(const json::Value& value, std::string_view what) {
  if (value.is_null()) return std::string();
  return value.to_string(what);
}

Result<std::uint32_t> decode_owner(const json::Value& value, std::string_view what) {
  if (value.is_null()) return 0u;
  const std::uint64_t number = TRY(value.to_u64(what));
  if (number > UINT32_MAX) return fail(ErrorKind::corrupt, fmt::format("{} is too large", what));
  return static_cast<std::uint32_t>(number);
}

bool holds(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

bool holds_all(const std::vector<std::string>& list, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const std::string& text) { return holds(list, text); });
}

}  // namespace

std::string encode_snapshot(const Snapshot& snapshot) {
  json::Object object{{"time", to_rfc3339(snapshot.time)}};
  if (snapshot.parent) object.set("parent", snapshot.parent->to_hex());
  object.set("tree", snapshot.tree.to_hex());
  object.set("paths", to_array(snapshot.paths));
  const auto set_text = [&](const char* key, const std::string& text) {
    if (!text.empty()) object.set(key, text);
  };
  set_text("hostname", snapshot.hostname);
  set_text("username", snapshot.username);
  if (snapshot.uid != 0) object.set("uid", static_cast<std::uint64_t>(snapshot.uid));
  if (snapshot.gid != 0) object.set("gid", static_cast<std::uint64_t>(snapshot.gid));
  if (!snapshot.excludes.empty()) object.set("excludes", to_array(snapshot.excludes));
  if (!snapshot.tags.empty()) object.set("tags", to_array(snapshot.tags));
  if (snapshot.original) object.set("original", snapshot.original->to_hex());
  set_text("program_version", snapshot.program_version);
  if (snapshot.summary) object.set("summary", encode_summary(*snapshot.summary));
  return json::write(object);
}

Result<Snapshot> decode_snapshot(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  Snapshot snapshot;
  snapshot.time = TRY(decode_time(value["time"], "the snapshot's time"));
  if (const std::string* parent = value["parent"].string()) {
    snapshot.parent = TRY_CONTEXT(SnapshotId::from_hex(*parent), "the snapshot's parent");
  }
  const std::string tree = TRY(value["tree"].to_string("the snapshot's tree"));
  const auto tree_id = BlobId::from_hex(tree);
  if (!tree_id) {
    return fail(ErrorKind::corrupt, fmt::format("the snapshot's tree \"{}\" is not an id", tree));
  }
  snapshot.tree = *tree_id;
  snapshot.paths = TRY(decode_texts(value["paths"], "the snapshot's paths"));
  snapshot.hostname = TRY(decode_text(value["hostname"], "the snapshot's hostname"));
  snapshot.username = TRY(decode_text(value["username"], "the snapshot's username"));
  snapshot.uid = TRY(decode_owner(value["uid"], "the snapshot's uid"));
  snapshot.gid = TRY(decode_owner(value["gid"], "the snapshot's gid"));
  snapshot.excludes = TRY(decode_texts(value["excludes"], "the snapshot's excludes"));
  snapshot.tags = TRY(decode_texts(value["tags"], "the snapshot's tags"));
  if (const std::string* original = value["original"].string()) {
    snapshot.original = TRY_CONTEXT(SnapshotId::from_hex(*original), "the snapshot's original");
  }
  snapshot.program_version =
      TRY(decode_text(value["program_version"], "the snapshot's program version"));
  if (value["summary"].is_object()) snapshot.summary = TRY(decode_summary(value["summary"]));
  return snapshot;
}

bool SnapshotFilter::matches(const Snapshot& snapshot) const {
  if (!hosts.empty() && !holds(hosts, snapshot.hostname)) return false;
  if (!holds_all(snapshot.paths, paths)) return false;
  return tags.empty() || std::ranges::any_of(tags, [&](const auto& wanted) {
           return holds_all(snapshot.tags, wanted);
         });
}

const Snapshot* latest(std::span<const Snapshot> snapshots, const SnapshotFilter& filter) {
  const Snapshot* newest = nullptr;
  for (const Snapshot& snapshot : snapshots) {
    const bool newer = newest == nullptr || snapshot.time >= newest->time;
    if (newer && filter.matches(snapshot)) newest = &snapshot;
  }
  return newest;
}

}  // namespace bulkhead::repository
