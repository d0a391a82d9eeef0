#include "cli/incident/timeline_text.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace bulkhead::cli::incident {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

std::string_view colour_of(std::string_view kind) {
  if (kind == "indicator" || kind == "sealed" || kind == "step-failed") return kRed;
  if (kind == "exposed") return kGreen;
  if (kind == "step-started") return kDim;
  return "";
}

std::string since(WallTime start, const json::Value& time) {
  const auto at = from_rfc3339(text_of(time));
  if (!at) return "?";
  const auto distance = std::chrono::duration_cast<std::chrono::milliseconds>(*at - start).count();
  // What an indicator saw lies before the opening.
  const auto passed = std::abs(distance);
  return fmt::format("{}{:02}:{:02}:{:02}.{:03}", distance < 0 ? '-' : '+', passed / 3'600'000,
                     passed / 60'000 % 60, passed / 1000 % 60, passed % 1000);
}

std::string duration_or_dash(const json::Value& value) {
  const auto milliseconds = value.to_i64("duration");
  return milliseconds ? duration_text(*milliseconds) : "-";
}

std::string number_or_dash(const json::Value& value) {
  const auto number = value.to_i64("number");
  return number ? std::to_string(*number) : "-";
}

}  // namespace

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds < 10'000)
    return fmt::format("{:.3f} s", static_cast<double>(milliseconds) / 1e3);
  if (milliseconds < 120'000) {
    return fmt::format("{:.1f} s", static_cast<double>(milliseconds) / 1e3);
  }
  const std::int64_t seconds = milliseconds / 1000;
  if (seconds < 7200) return fmt::format("{} min {:02} s", seconds / 60, seconds % 60);
  return fmt::format("{} h {:02} min", seconds / 3600, seconds / 60 % 60);
}

std::string incident_text(const json::Value& incident, estate::Colour colour) {
  const WallTime opened = from_rfc3339(text_of(incident["opened"])).value_or(WallTime{});
  std::string out = fmt::format("Incident {}: {}\nOpened {} because of {}\n",
                                text_of(incident["id"]), text_of(incident["state"]),
                                text_of(incident["opened"]), text_of(incident["reason"]));
  if (!incident["gateway_ms"].is_null()) {
    out += fmt::format(
        "The gateway refused {} after the seal began, the last compartment stood "
        "still after {}\n",
        duration_or_dash(incident["gateway_ms"]), duration_or_dash(incident["seal_ms"]));
  }
  out += "\n";
  if (const json::Array* timeline = incident["timeline"].array()) {
    for (const json::Value& record : *timeline) {
      const std::string kind = text_of(record["kind"]);
      const std::string_view paint = colour == estate::Colour::terminal ? colour_of(kind) : "";
      out += fmt::format("  {}  {:<13} {}{:<12}  {}{}\n", since(opened, record["time"]),
                         text_of(record["service"]), paint, kind, text_of(record["message"]),
                         paint.empty() ? "" : kPlain);
    }
  }
  out += fmt::format("\n  {:<14} {:<10} {:>12} {:>12} {:>8} {:>10}\n", "service", "exposure", "RTO",
                     "RPO", "damaged", "recovered");
  if (const json::Array* services = incident["services"].array()) {
    for (const json::Value& service : *services) {
      out +=
          fmt::format("  {:<14} {:<10} {:>12} {:>12} {:>8} {:>10}\n", text_of(service["name"]),
                      text_of(service["exposure"]), duration_or_dash(service["rto_ms"]),
                      duration_or_dash(service["rpo_ms"]), number_or_dash(service["files_damaged"]),
                      number_or_dash(service["files_recovered"]));
    }
  }
  out +=
      "\n  RTO: from containment until everyone was let in again. RPO: age of the restored data "
      "at containment.\n";
  return out;
}

std::string incident_list_text(const json::Value& incidents) {
  const json::Array* list = incidents["incidents"].array();
  if (list == nullptr || list->empty()) return "No incident was ever opened in this estate.\n";
  std::string out = fmt::format("{:<16} {:<11} {:<25} {}\n", "id", "state", "opened", "reason");
  for (const json::Value& incident : *list) {
    out += fmt::format("{:<16} {:<11} {:<25} {}\n", text_of(incident["id"]),
                       text_of(incident["state"]), text_of(incident["opened"]),
                       text_of(incident["reason"]));
  }
  return out;
}

}  // namespace bulkhead::cli::incident
