#include "vault/status_page.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kAlarmsShown = 50;

constexpr std::string_view kStyle =
    ":root{color-scheme:light dark;font-family:system-ui,sans-serif;line-height:1.5}"
    "body{max-inline-size:72rem;margin-inline:auto;padding:1rem}"
    "table{border-collapse:collapse;inline-size:100%}"
    "th,td{text-align:start;padding:.35rem .6rem;border-block-end:1px solid #8886}"
    ".number{text-align:end;font-variant-numeric:tabular-nums}"
    ".scroll{overflow-x:auto}.warning{border-inline-start:.3rem solid #c60;padding-inline:.6rem}";

std::string time_or_dash(const std::optional<WallTime>& time) {
  if (!time) return "–";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
  return to_rfc3339(seconds);
}

std::string size_of(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string repositories_table(const Repositories& repositories) {
  std::string rows;
  for (const auto& [name, store] : repositories.all()) {
    const Standing standing = store->standing();
    fmt::format_to(std::back_inserter(rows),
                   "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td>{}</td>"
                   "<td class=\"number\">{}</td><td class=\"number\">{}</td>"
                   "<td class=\"number\">{}</td></tr>",
                   name.empty() ? "/" : escape_html(name), time_or_dash(standing.last_received),
                   time_or_dash(standing.last_snapshot), time_or_dash(standing.locked_until),
                   size_of(standing.usage.bytes), standing.usage.objects, standing.quarantined);
  }
  if (rows.empty()) return "<p>No repository has been created yet.</p>";
  return "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Repository</th>"
         "<th scope=\"col\">Last received</th><th scope=\"col\">Last snapshot</th>"
         "<th scope=\"col\">Locked until</th><th scope=\"col\" class=\"number\">Size</th>"
         "<th scope=\"col\" class=\"number\">Files</th>"
         "<th scope=\"col\" class=\"number\">In quarantine</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

std::string destructions_list(const Orders& orders) {
  std::string items;
  for (const Destruction& one : orders.destructions()) {
    const bool waits = one.state == DestructionState::confirmed;
    fmt::format_to(std::back_inserter(items), "<li>{}: {}, {}{}{}</li>", escape_html(one.request),
                   escape_html(one.repository), name_of(one.state), waits ? ", due at " : "",
                   waits ? time_or_dash(one.due) : "");
  }
  return items.empty() ? "<p>None was ordered.</p>" : "<ul>" + items + "</ul>";
}

std::string object_store_section(Oversight& oversight) {
  const auto totals = oversight.copies();
  if (!totals) return "";
  std::string text =
      fmt::format("<h2>Object store</h2><p>{}: ", escape_html(oversight.object_store().bucket));
  if (totals->complete_as_of) {
    fmt::format_to(std::back_inserter(text), "all that lay here at {} is in it, locked.",
                   time_or_dash(totals->complete_as_of));
  } else {
    text += "not all that lies here is in it yet.";
  }
  if (totals->percent) {
    fmt::format_to(std::back_inserter(text), " A round is at {}, {}%.",
                   totals->repository.empty() ? "/" : escape_html(totals->repository),
                   *totals->percent);
  }
  fmt::format_to(std::back_inserter(text),
                 "</p><p>Since the start: {} older files copied ({}), {} locks moved, {} files "
                 "brought back, {} failed.</p>",
                 totals->copied, size_of(totals->bytes), totals->extended, totals->brought_back,
                 totals->failed);
  if (!totals->problem.empty()) {
    fmt::format_to(std::back_inserter(text), "<p class=\"warning\" role=\"status\">{}</p>",
                   escape_html(totals->problem));
  }
  return text;
}

std::string alarms_list(const Alarms& alarms) {
  std::string items;
  for (const Alarm& alarm : alarms.latest(kAlarmsShown)) {
    fmt::format_to(std::back_inserter(items),
                   "<li><time datetime=\"{0}\">{0}</time> <strong>{1}</strong> {2}: {3}</li>",
                   time_or_dash(alarm.at), name_of(alarm.kind),
                   escape_html(alarm.repository.empty() ? "vault" : alarm.repository),
                   escape_html(alarm.text));
  }
  return items.empty() ? "<p>None.</p>" : "<ol reversed>" + items + "</ol>";
}

json::Value optional_time(const std::optional<WallTime>& time) {
  return time ? json::Value(to_rfc3339(*time)) : json::Value();
}

std::string tending_section(const Oversight& oversight) {
  std::string items;
  for (const auto& [name, one] : oversight.tended()) {
    fmt::format_to(
        std::back_inserter(items),
        "<li>{}: last at {}; since the start {} snapshots forgotten and {} packs ({}) "
        "deleted, {} snapshots are locked still{}</li>",
        name.empty() ? "/" : escape_html(name), time_or_dash(one.last), one.sum.forgotten,
        one.sum.packs, size_of(one.sum.bytes), one.sum.still_locked,
        one.problem.empty() ? "" : ". The last round failed: " + escape_html(one.problem));
  }
  return items.empty() ? "" : "<h2>Forgetting and pruning</h2><ul>" + items + "</ul>";
}

json::Value tended_value(const Oversight& oversight) {
  json::Array all;
  for (const auto& [name, one] : oversight.tended()) {
    all.push_back(json::Object{{"name", name},
                               {"last", optional_time(one.last)},
                               {"forgotten", one.sum.forgotten},
                               {"still_locked", one.sum.still_locked},
                               {"packs", one.sum.packs},
                               {"bytes", one.sum.bytes},
                               {"problem", one.problem}});
  }
  return all;
}

json::Value object_store_value(Oversight& oversight) {
  const auto totals = oversight.copies();
  if (!totals) return {};
  return json::Object{{"bucket", oversight.object_store().bucket},
                      {"complete_as_of", optional_time(totals->complete_as_of)},
                      {"looked_at", totals->looked_at},
                      {"copied", totals->copied},
                      {"bytes", totals->bytes},
                      {"extended", totals->extended},
                      {"brought_back", totals->brought_back},
                      {"failed", totals->failed},
                      {"problem", totals->problem}};
}

}  // namespace

std::string_view status_style() { return kStyle; }

std::string status_page(Oversight& oversight) {
  std::string warning;
  if (const auto frozen = oversight.receive_clock().frozen()) {
    warning = fmt::format(
        "<p class=\"warning\" role=\"status\">The clock is frozen since {}: {}. Nothing expires "
        "until an officer accepts the system's time.</p>",
        time_or_dash(frozen->since), escape_html(frozen->reason));
  }
  return fmt::format(
      "<!DOCTYPE html><html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width\"><title>Vault</title>"
      "<link rel=\"stylesheet\" href=\"{}\"></head><body><main><h1>Vault</h1><p>As of {}, by the "
      "vault's clock.</p>{}"
      "<h2>Repositories</h2>{}{}{}<h2>Destructions</h2>{}<h2>Alarms</h2>{}</main></body></html>\n",
      kStatusStylePath, time_or_dash(oversight.receive_clock().now()), warning,
      repositories_table(oversight.repositories()), tending_section(oversight),
      object_store_section(oversight), destructions_list(oversight.orders()),
      alarms_list(oversight.alarms()));
}

json::Value status_value(Oversight& oversight) {
  json::Array repositories, destructions, alarms;
  for (const auto& [name, store] : oversight.repositories().all()) {
    const Standing standing = store->standing();
    repositories.push_back(json::Object{{"name", name},
                                        {"last_received", optional_time(standing.last_received)},
                                        {"last_snapshot", optional_time(standing.last_snapshot)},
                                        {"locked_until", optional_time(standing.locked_until)},
                                        {"bytes", standing.usage.bytes},
                                        {"files", standing.usage.objects},
                                        {"quarantined", standing.quarantined}});
  }
  for (const Destruction& one : oversight.orders().destructions()) {
    destructions.push_back(json::Object{{"request", one.request},
                                        {"repository", one.repository},
                                        {"state", name_of(one.state)},
                                        {"first_officer", one.first_officer},
                                        {"second_officer", one.second_officer},
                                        {"due", optional_time(one.due)}});
  }
  for (const Alarm& alarm : oversight.alarms().latest(kAlarmsShown)) {
    alarms.push_back(json::Object{{"at", to_rfc3339(alarm.at)},
                                  {"kind", name_of(alarm.kind)},
                                  {"repository", alarm.repository},
                                  {"text", alarm.text}});
  }
  json::Value clock;
  if (const auto frozen = oversight.receive_clock().frozen()) {
    clock = json::Object{
        {"id", frozen->id()}, {"since", to_rfc3339(frozen->since)}, {"reason", frozen->reason}};
  }
  return json::Object{{"vault", oversight.orders().vault()},
                      {"time", to_rfc3339(oversight.receive_clock().now())},
                      {"clock_frozen", std::move(clock)},
                      {"repositories", std::move(repositories)},
                      {"tended", tended_value(oversight)},
                      {"object_store", object_store_value(oversight)},
                      {"destructions", std::move(destructions)},
                      {"alarms", std::move(alarms)}};
}

}  // namespace bulkhead::vault
