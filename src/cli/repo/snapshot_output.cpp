#include "cli/repo/snapshot_output.h"

#include <fmt/format.h>

#include "cli/repo/output.h"

namespace bulkhead::cli::repo {

Result<json::Object> to_json(const repository::Snapshot& snapshot) {
  const json::Value value = TRY(json::parse(encode_snapshot(snapshot)));
  json::Object object = *value.object();
  object.set("id", snapshot.id.to_hex());
  object.set("short_id", snapshot.id.short_hex());
  return object;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + show_name(text);
  return out;
}

std::string snapshot_table(const std::vector<repository::Snapshot>& snapshots, bool compact) {
  std::string out = fmt::format("{:8}  {:19}  {:15}", "ID", "Time (UTC)", "Host");
  out += compact ? "\n" : fmt::format("  {:15}  {}\n", "Tags", "Paths");
  for (const repository::Snapshot& snapshot : snapshots) {
    out += fmt::format("{:8}  {:19}  {:15}", snapshot.id.short_hex(), show_time(snapshot.time),
                       show_name(snapshot.hostname));
    out += compact ? "\n"
                   : fmt::format("  {:15}  {}\n", joined(snapshot.tags), joined(snapshot.paths));
  }
  return out + fmt::format("{} snapshots\n", snapshots.size());
}

}  // namespace bulkhead::cli::repo
