#include "cli/drill/report_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/incident/timeline_text.h"

namespace bulkhead::cli::drill {
namespace {

constexpr std::string_view kStyle = R"(
:root{color-scheme:light dark;--ink:#10243e;--paper:#fff;--soft:#5a6b80;--line:#d5dde6;
--public:#2f8f5b;--read-only:#7cb342;--members:#c99700;--operators:#d9822b;--sealed:#c0392b}
@media (prefers-color-scheme:dark){:root{--ink:#e8eef5;--paper:#0e1722;--soft:#9db0c5;--line:#2a3a4d;
--public:#3fae72;--read-only:#93c653;--members:#e0b32c;--operators:#ea9a4a;--sealed:#e0604f}}
body{font:1rem/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);
max-width:68rem;margin-inline:auto;padding:1.5rem}
h1{font-size:1.8rem;margin-block:0 .25rem}h2{font-size:1.2rem;margin-block:2rem .5rem}
p.lead{color:var(--soft);margin-block:0 1rem}
.result{display:inline-block;padding:.1rem .7rem;border-radius:1rem;color:#fff;font-weight:600}
.passed{background:#1f7a48}.failed{background:#b03a2e}
dl.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:1rem}
dl.numbers div{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}
dl.numbers dt{color:var(--soft);font-size:.85rem}dl.numbers dd{margin:0;font-size:1.4rem;
font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:start;padding:.35rem .6rem;border-block-end:1px solid var(--line);vertical-align:top}
td.then{min-width:13rem}td.n,th.n{text-align:end;font-variant-numeric:tabular-nums;white-space:nowrap}
svg{width:100%;height:auto;min-width:44rem}svg text{fill:var(--ink);font:13px system-ui,sans-serif}
svg .soft{fill:var(--soft);font-size:11px}svg .grid{stroke:var(--line)}
svg .public{fill:var(--public)}svg .read-only{fill:var(--read-only)}svg .members{fill:var(--members)}
svg .operators{fill:var(--operators)}svg .sealed{fill:var(--sealed)}svg .mark{stroke:var(--ink);
stroke-dasharray:3 3}
@media print{body{max-width:none;padding:0}}
)";

constexpr double kWidth = 960;
constexpr double kLabelWidth = 120;
constexpr double kLaneHeight = 30;
constexpr double kBarHeight = 18;
constexpr double kTop = 46;

double seconds_between(WallTime from, WallTime to) {
  return std::chrono::duration<double>(to - from).count();
}

std::string duration_or_dash(std::optional<std::int64_t> milliseconds) {
  return milliseconds ? incident::duration_text(*milliseconds) : "–";
}

std::string number_box(std::string_view title, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(title), escape_html(value));
}

std::string numbers(const DrillReport& report) {
  std::string out = "<dl class=\"numbers\">\n";
  out += number_box("First indicator to the gateway refusing", duration_or_dash(report.seal_ms));
  out +=
      number_box("Attack begun to refusal seen outside", duration_or_dash(report.seal_outside_ms));
  out += number_box("Probes of mail and meetings",
                    fmt::format("{} sent, {} lost", report.probes_sent(), report.probes_lost()));
  out += number_box("Files encrypted by the attacker", std::to_string(report.files_encrypted));
  out += number_box("Ways out that it tried in vain", std::to_string(report.escapes_tried));
  out += number_box("Whole drill", incident::duration_text(static_cast<std::int64_t>(
                                       1000 * seconds_between(report.started, report.ended))));
  return out + "</dl>\n";
}

std::string services_table(const DrillReport& report) {
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th>Service</th><th class=\"n\">Until public again "
      "(RTO)</th><th class=\"n\">Age of the data (RPO)</th><th class=\"n\">Files damaged</th>"
      "<th class=\"n\">Files recovered</th><th class=\"n\">Times sealed</th>"
      "<th>In 2020</th></tr></thead><tbody>\n";
  for (const DrillService& service : report.services) {
    out += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td class=\"n\">{}</td>"
        "<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td "
        "class=\"then\">{}</td></tr>\n",
        escape_html(service.title.empty() ? service.name : service.title),
        duration_or_dash(service.rto_ms), duration_or_dash(service.rpo_ms), service.files_damaged,
        service.files_recovered, service.seals,
        service.name == "website" ? "38 to 62 hours"
                                  : "restored on the second day, offline again on the third");
  }
  return out + "</tbody></table></div>\n";
}

std::string checks_table(const DrillReport& report) {
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th>Check</th><th>Result</th><th>What was found</th>"
      "</tr></thead><tbody>\n";
  for (const DrillCheck& check : report.checks) {
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td></tr>\n",
                       escape_html(check.name), check.passed ? "passed" : "<strong>failed</strong>",
                       escape_html(check.found));
  }
  return out + "</tbody></table></div>\n";
}

std::string timeline_table(const DrillReport& report) {
  std::string out =
      "<div class=\"scroll\"><table><thead><tr><th class=\"n\">After the "
      "attack</th><th>Service</th>"
      "<th>What happened</th></tr></thead><tbody>\n";
  const json::Array* records = report.incident_record["timeline"].array();
  for (const json::Value& record : records != nullptr ? *records : json::Array()) {
    if (text_of(record["kind"]) == "step-started") continue;
    const auto time = from_rfc3339(text_of(record["time"]));
    out += fmt::format("<tr><td class=\"n\">{:.3f} s</td><td>{}</td><td>{}</td></tr>\n",
                       time ? seconds_between(report.attacked, *time) : 0,
                       escape_html(text_of(record["service"])),
                       escape_html(text_of(record["message"])));
  }
  return out + "</tbody></table></div>\n";
}

struct Scale {
  WallTime start;
  double seconds;
  double x(WallTime time) const {
    const double share = std::clamp(seconds_between(start, time) / seconds, 0.0, 1.0);
    return kLabelWidth + share * (kWidth - kLabelWidth - 10);
  }
};

// A tick every 1, 2, 5, 10 … seconds, about ten of them.
double tick_seconds(double seconds) {
  for (const double tick : {1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0}) {
    if (seconds / tick <= 12) return tick;
  }
  return 600;
}

std::string grid(const Scale& scale, double bottom) {
  std::string out;
  const double tick = tick_seconds(scale.seconds);
  for (double at = 0; at <= scale.seconds; at += tick) {
    const double x =
        scale.x(scale.start + std::chrono::milliseconds(static_cast<std::int64_t>(at * 1000)));
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/>"
        "<text class=\"soft\" x=\"{0:.1f}\" y=\"{3}\" text-anchor=\"middle\">{4:.0f} "
        "s</text>\n",
        x, kTop - 6, bottom, bottom + 14, at);
  }
  return out;
}

std::string legend(double y) {
  std::string out;
  double x = kLabelWidth;
  for (const std::string_view exposure :
       {"public", "read-only", "members", "operators", "sealed"}) {
    out += fmt::format(
        "<rect class=\"{0}\" x=\"{1}\" y=\"{2}\" width=\"12\" height=\"12\" rx=\"2\"/>"
        "<text x=\"{3}\" y=\"{4}\">{0}</text>\n",
        exposure, x, y, x + 17, y + 11);
    x += 110;
  }
  return out;
}

}  // namespace

std::string swim_lanes_svg(const DrillReport& report) {
  const Scale scale{report.started, std::max(1.0, seconds_between(report.started, report.ended))};
  const std::vector<LaneChange> changes = report.lanes();
  std::vector<std::string> names;
  for (const LaneChange& change : changes) {
    if (std::ranges::find(names, change.service) == names.end()) names.push_back(change.service);
  }
  const double bottom = kTop + kLaneHeight * static_cast<double>(names.size());
  std::string out = fmt::format(
      "<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"lanes-title\">\n<title "
      "id=\"lanes-title\">Who could reach each service during the drill</title>\n",
      kWidth, bottom + 50);
  out += grid(scale, bottom);
  for (std::size_t lane = 0; lane < names.size(); ++lane) {
    const double y = kTop + kLaneHeight * static_cast<double>(lane);
    out += fmt::format("<text x=\"0\" y=\"{:.0f}\">{}</text>\n", y + kBarHeight - 4,
                       escape_html(names[lane]));
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (changes[i].service != names[lane]) continue;
      const auto next =
          std::find_if(changes.begin() + static_cast<std::ptrdiff_t>(i) + 1, changes.end(),
                       [&](const LaneChange& change) { return change.service == names[lane]; });
      const double from = scale.x(changes[i].from);
      const double to = scale.x(next == changes.end() ? report.ended : next->from);
      out += fmt::format(
          "<rect class=\"{0}\" x=\"{1:.1f}\" y=\"{2:.0f}\" width=\"{3:.1f}\" height=\"{4}\">"
          "<title>{5}: {0}, {6:.1f} s</title></rect>\n",
          escape_html(changes[i].exposure), from, y, std::max(0.5, to - from), kBarHeight,
          escape_html(names[lane]),
          seconds_between(changes[i].from, next == changes.end() ? report.ended : next->from));
    }
  }
  int row = 0;
  for (const DrillMark& mark : report.marks) {
    const double x = scale.x(mark.time);
    // At the right edge the words stand on the other side of their line.
    const bool is_late = x > kWidth * 0.8;
    out += fmt::format(
        "<line class=\"mark\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2}\"/><text "
        "class=\"soft\" x=\"{3:.1f}\" y=\"{4}\" text-anchor=\"{5}\">{6}</text>\n",
        x, kTop - 10, bottom, is_late ? x - 3 : x + 3, row % 3 * 13 + 11, is_late ? "end" : "start",
        escape_html(mark.title));
    ++row;
  }
  return out + legend(bottom + 28) + "</svg>\n";
}

std::string report_page(const DrillReport& report) {
  const std::string_view result = report.passed() ? "passed" : "failed";
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\" dir=\"ltr\"><head><meta charset=\"utf-8\">\n<meta "
      "name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>Drill imo-2020: "
      "{0}</title>\n<style>{1}</style></head>\n<body><main>\n<h1>Drill imo-2020 <span "
      "class=\"result {0}\">{0}</span></h1>\n<p class=\"lead\">The attack of 30 September 2020, "
      "replayed on {2}: the website is attacked from inside, four web services are sealed, three "
      "come back first, are sealed again for a security check, and the website comes back last, "
      "while mail and meetings go on.</p>\n",
      result, kStyle, escape_html(to_rfc3339(report.started).substr(0, 10)));
  if (!report.failure.empty()) {
    out += "<p><strong>The drill ended early:</strong> " + escape_html(report.failure) + "</p>\n";
  }
  out += numbers(report);
  out += "<h2>Who could reach each service</h2>\n<div class=\"scroll\">\n" +
         swim_lanes_svg(report) + "</div>\n";
  out += "<h2>What came back, and how fast</h2>\n" + services_table(report);
  out += "<h2>Checks</h2>\n" + checks_table(report);
  out += "<h2>Timeline of incident " + escape_html(report.incident) + "</h2>\n" +
         timeline_table(report);
  return out + "</main></body></html>\n";
}

}  // namespace bulkhead::cli::drill
