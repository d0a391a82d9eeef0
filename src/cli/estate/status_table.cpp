#include "cli/estate/status_table.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

namespace bulkhead::cli::estate {
namespace {

constexpr std::string_view kRed = "\x1b[1;31m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";

enum class Mark { good, restricted, bad };

struct Row {
  std::array<std::string, 6> cells;  // service, state, exposure, since, restarts, last snapshot
  Mark mark = Mark::good;
  std::string note;
};

std::string age_of(const json::Value& time, WallTime now, std::string_view otherwise) {
  const auto parsed = from_rfc3339(text_of(time));
  return parsed ? estate::age_of(*parsed, now) : std::string(otherwise);
}

Row row_of(const json::Value& service, WallTime now, bool in_incident) {
  Row row;
  const std::string state = text_of(service["state"]);
  const std::string exposure = text_of(service["exposure"]);
  const std::string problem = text_of(service["problem"]);
  const std::uint64_t restarts = service["restarts"].to_u64("restarts").value_or(0);
  row.cells = {text_of(service["name"]),
               state,
               exposure,
               age_of(service["since"], now, "?"),
               fmt::format("{}", restarts),
               age_of(service["last_snapshot"]["time"], now, "none")};
  if (exposure == "sealed") {
    row.mark = Mark::bad;
    row.note = "sealed: visitors are sent to the status page; ";
    row.note += in_incident
                    ? fmt::format("bring it back with: bulkhead incident recover --service {}",
                                  row.cells[0])
                    : fmt::format("open it with: bulkhead expose {} --to public", row.cells[0]);
  } else if (state != "ready") {
    row.mark = Mark::bad;
    row.note = fmt::format("is exposed but {}{}{}", state, problem.empty() ? "" : ": ", problem);
  } else if (exposure != "public") {
    row.mark = Mark::restricted;
    row.note = fmt::format("is open to {} only", exposure == "read-only" ? "readers" : exposure);
  }
  const std::string cleanroom = text_of(service["cleanroom_instance"]);
  if (!cleanroom.empty()) {
    row.note += fmt::format("{}{} runs in the clean room", row.note.empty() ? "" : "; ", cleanroom);
  }
  return row;
}

std::string_view colour_of(Mark mark) {
  return mark == Mark::good ? kGreen : mark == Mark::restricted ? kYellow : kRed;
}

}  // namespace

std::string age_of(WallTime then, WallTime now) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now - then).count();
  if (minutes < 1) return "just now";
  if (minutes < 60) return fmt::format("{} min", minutes);
  if (minutes < 24 * 60) return fmt::format("{} h {} min", minutes / 60, minutes % 60);
  return fmt::format("{} d {} h", minutes / (24 * 60), minutes / 60 % 24);
}

std::string status_table(const json::Value& estate, WallTime now, Colour colour) {
  const json::Array none;
  const json::Array* told = estate["alarms"].array();
  const json::Array& alarms = told == nullptr ? none : *told;
  const bool in_incident = estate["incident"].is_string() || !alarms.empty();
  std::vector<Row> rows;
  if (const json::Array* services = estate["services"].array()) {
    for (const json::Value& service : *services) rows.push_back(row_of(service, now, in_incident));
  }
  const auto bad = std::count_if(rows.begin(), rows.end(),
                                 [](const Row& row) { return row.mark != Mark::good; });
  const std::string incident = text_of(estate["incident"]);
  std::string out =
      fmt::format("Estate {} in {}\n", text_of(estate["name"]), text_of(estate["folder"]));
  for (const json::Value& alarm : alarms) out += fmt::format("ALARM: {}\n", text_of(alarm));
  out += incident.empty()
             ? std::string("No incident is open.\n")
             : fmt::format("INCIDENT {0} IS OPEN: bulkhead incident show {0}\n", incident);
  out += bad == 0 ? fmt::format("All {} services are ready and public.\n\n", rows.size())
                  : fmt::format("{} of {} services need a look.\n\n", bad, rows.size());

  const std::array<std::string, 6> head = {"SERVICE", "STATE",    "EXPOSURE",
                                           "SINCE",   "RESTARTS", "LAST SNAPSHOT"};
  std::array<std::size_t, 6> widths{};
  for (std::size_t i = 0; i < head.size(); ++i) {
    widths[i] = head[i].size();
    for (const Row& row : rows) widths[i] = std::max(widths[i], row.cells[i].size());
  }
  const auto line = [&](const std::array<std::string, 6>& cells, std::string_view begin) {
    std::string text(begin);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      text += i + 1 == cells.size() ? cells[i] : fmt::format("{:<{}}  ", cells[i], widths[i]);
    }
    return text;
  };
  out += line(head, "  ") + "\n";
  for (const Row& row : rows) {
    // A sign as well as a colour: not everybody sees the colour, and no file keeps it.
    const std::string_view sign = row.mark == Mark::good ? "  " : "! ";
    const std::string text = line(row.cells, sign);
    out += colour == Colour::terminal ? fmt::format("{}{}{}\n", colour_of(row.mark), text, kPlain)
                                      : text + "\n";
  }
  bool first = true;
  for (const Row& row : rows) {
    if (row.note.empty()) continue;
    out += fmt::format("{}{} {}\n", first ? "\n" : "", row.cells[0], row.note);
    first = false;
  }
  return out;
}

}  // namespace bulkhead::cli::estate
