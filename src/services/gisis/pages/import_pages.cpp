#include "services/gisis/pages/import_pages.h"

#include <fmt/format.h>

#include "base/text.h"
#include "service/components.h"
#include "services/gisis/pages/record_pages.h"
#include "services/gisis/pages/values.h"

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kFindingsShownMax = 500;
constexpr std::size_t kGivenShownMax = 200;

Result<void> refuse_others(const http::Request& request) {
  if (is_operator(request)) return {};
  return fail(ErrorKind::denied,
              "imports are for operators: open this page with an operator's pass");
}

std::string title_of(const service::Visit& visit, Registry& registry, const std::string& name) {
  const auto module = registry.module(name);
  return module ? (*module)->title.in(visit.language) : name;
}

std::string number(const service::Visit& visit, std::uint64_t value) {
  return visit.number(static_cast<std::int64_t>(value));
}

std::string time_of(const service::Visit& visit, const ImportSummary& summary) {
  const auto time = from_rfc3339(summary.started_at);
  return time ? visit.date_time(*time) : summary.started_at;
}

std::string imports_table(const service::Visit& visit, Registry& registry,
                          const std::vector<ImportSummary>& imports) {
  using service::Align;
  if (imports.empty()) {
    return service::empty_state(visit.text("imports.none_title"), visit.text("imports.none_text"));
  }
  std::vector<std::vector<std::string>> rows;
  for (const ImportSummary& each : imports) {
    const std::string link = fmt::format(
        "<a href=\"{}\"><bdi>{}</bdi></a>",
        escape_html(visit.link(fmt::format("/imports/{}", each.id))), escape_html(each.source));
    std::string refused = number(visit, each.refused);
    if (!each.failure.empty()) {
      refused =
          "<span class=\"tag tag-error\">" + escape_html(visit.text("imports.failed")) + "</span>";
    }
    rows.push_back({link, escape_html(title_of(visit, registry, each.module)),
                    escape_html(time_of(visit, each)), number(visit, each.rows),
                    number(visit, each.added), number(visit, each.replaced),
                    number(visit, each.unchanged), number(visit, each.flagged), refused});
  }
  return service::table(visit.text("imports.title"),
                        {{.label = visit.text("imports.file")},
                         {.label = visit.text("imports.module")},
                         {.label = visit.text("imports.time")},
                         {.label = visit.text("imports.rows"), .align = Align::end},
                         {.label = visit.text("imports.added"), .align = Align::end},
                         {.label = visit.text("imports.replaced"), .align = Align::end},
                         {.label = visit.text("imports.unchanged"), .align = Align::end},
                         {.label = visit.text("imports.flagged"), .align = Align::end},
                         {.label = visit.text("imports.refused"), .align = Align::end}},
                        rows);
}

Result<http::Response> imports_page(service::Visit& visit, Registry& registry) {
  TRY(refuse_others(visit.request));
  const bool may_import = !visit.read_only();
  service::Field select{
      .kind = service::FieldKind::choice, .name = "module", .label = visit.text("imports.module")};
  for (const ModuleDefinition& module : registry.modules()) {
    select.choices.push_back({module.name, module.title.in(visit.language)});
  }
  const json::Object model{
      {"list", imports_table(visit, registry, TRY(registry.imports()))},
      {"may_import", may_import},
      {"read_only", service::notice(visit, service::Notice::information,
                                    escape_html(visit.text("imports.read_only")))},
      {"form_fields", may_import ? visit.form_fields() : ""},
      {"module_field", service::field(select)}};
  return visit.page({.title = visit.text("imports.title"),
                     .content = visit.render("imports", model),
                     .breadcrumbs = {{visit.text("nav.modules"), visit.link("/")}},
                     .robots = service::Robots::no_index,
                     .lead = visit.text("imports.lead")});
}

std::string shortened(const std::string& given) {
  if (given.size() <= kGivenShownMax) return given;
  std::size_t end = kGivenShownMax;
  while (end > 0 && (static_cast<unsigned char>(given[end]) & 0xc0) == 0x80) --end;
  return given.substr(0, end) + "…";
}

std::string findings_table(const service::Visit& visit, const ModuleDefinition& module,
                           const std::vector<ImportFinding>& findings) {
  if (findings.empty()) {
    return service::notice(visit, service::Notice::success,
                           escape_html(visit.text("imports.all_good")));
  }
  std::vector<std::vector<std::string>> rows;
  for (const ImportFinding& finding : findings) {
    const std::string field = finding.remark.field
                                  ? module.fields[*finding.remark.field].label.in(visit.language)
                                  : visit.text("imports.whole_row");
    const std::string outcome =
        fmt::format("<span class=\"tag tag-{}\">{}</span>", finding.refused ? "error" : "warning",
                    escape_html(visit.text(finding.refused ? "imports.outcome_refused"
                                                           : "imports.outcome_flagged")));
    rows.push_back({number(visit, finding.row), outcome, escape_html(field),
                    "<bdi>" + escape_html(shortened(finding.remark.given)) + "</bdi>",
                    escape_html(reason_text(visit, finding.remark.reason))});
  }
  return service::table(visit.text("imports.findings"),
                        {{.label = visit.text("imports.row")},
                         {.label = visit.text("imports.outcome")},
                         {.label = visit.text("imports.field")},
                         {.label = visit.text("imports.value")},
                         {.label = visit.text("imports.reason")}},
                        rows);
}

Result<ImportSummary> asked_import(const service::Visit& visit, Registry& registry,
                                   std::string_view id) {
  TRY(refuse_others(visit.request));
  const auto number = parse_u64(id);
  if (!number || *number > INT64_MAX) {
    return fail(ErrorKind::not_found, "there is no such import");
  }
  return registry.find_import(static_cast<std::int64_t>(*number));
}

Result<http::Response> report_page(service::Visit& visit, Registry& registry) {
  const ImportSummary summary = TRY(asked_import(visit, registry, visit.request.path_values["id"]));
  const ModuleDefinition* module = TRY(registry.module(summary.module));
  const auto findings = TRY(registry.findings(summary, kFindingsShownMax));
  json::Array figures;
  const std::pair<std::string_view, std::uint64_t> counts[] = {
      {"rows", summary.rows},         {"added", summary.added},
      {"replaced", summary.replaced}, {"unchanged", summary.unchanged},
      {"flagged", summary.flagged},   {"refused", summary.refused}};
  for (const auto& [name, count] : counts) {
    figures.push_back(json::Object{{"label", visit.text("imports." + std::string(name))},
                                   {"value", number(visit, count)}});
  }
  const bool failed = !summary.failure.empty();
  const json::Object model{
      {"failure", failed ? service::notice(visit, service::Notice::error,
                                           escape_html(visit.text("imports.failure",
                                                                  {{"failure", summary.failure}})))
                         : ""},
      {"figures", std::move(figures)},
      {"unused",
       summary.unused_columns.empty()
           ? ""
           : visit.text("imports.unused",
                        {{"columns", fmt::format("{}", fmt::join(summary.unused_columns, ", "))}})},
      {"refused_href",
       summary.refused == 0 ? "" : visit.link(fmt::format("/imports/{}/refused.csv", summary.id))},
      {"findings", failed ? "" : findings_table(visit, *module, findings)},
      {"more",
       findings.size() < kFindingsShownMax
           ? ""
           : visit.text("imports.findings_more", {{"count", number(visit, kFindingsShownMax)}})}};
  return visit.page({.title = visit.text("imports.report", {{"file", summary.source}}),
                     .content = visit.render("import_report", model),
                     .breadcrumbs = {{visit.text("nav.modules"), visit.link("/")},
                                     {visit.text("imports.title"), visit.link("/imports")}},
                     .robots = service::Robots::no_index,
                     .lead = module->title.in(visit.language) + ", " + time_of(visit, summary)});
}

// The rows as they were, with one more column that says why: mended, it can be imported as it is.
Result<http::Response> refused_rows(service::Visit& visit, Registry& registry) {
  const ImportSummary summary = TRY(asked_import(visit, registry, visit.request.path_values["id"]));
  http::Response response;
  for (const std::string& column : TRY(registry.header_of(summary))) {
    append_csv_cell(response.body, column, CellKind::data);
  }
  append_csv_cell(response.body, visit.text("imports.refused_because"), CellKind::data);
  end_csv_row(response.body);
  TRY(registry.for_each_refused_row(summary, [&](const RefusedRow& row) -> Result<void> {
    std::string line;
    for (const std::string& cell : row.cells) append_csv_cell(line, cell, CellKind::data);
    std::string reasons;
    for (const std::string_view name : split(row.reasons, ' ')) {
      const auto reason = reason_of(name);
      if (!reason) continue;
      reasons += (reasons.empty() ? "" : "; ") + reason_text(visit, *reason);
    }
    append_csv_cell(line, reasons, CellKind::data);
    end_csv_row(line);
    response.body += line;
    return {};
  }));
  response.headers.set("Content-Type", "text/csv; charset=utf-8; header=present");
  response.headers.set("Content-Disposition",
                       fmt::format("attachment; filename=\"refused-{}.csv\"", summary.id));
  return response;
}

Result<http::Response> take_file(service::Visit& visit, Registry& registry, service::Audit& audit) {
  TRY(refuse_others(visit.request));
  const ModuleDefinition* module = TRY(registry.module(visit.form.get("module")));
  if (visit.files.size() != 1 || visit.files[0].name != "file") {
    return fail(ErrorKind::invalid, "choose one CSV file to import");
  }
  const http::FormPart& file = visit.files[0];
  const ImportSummary summary =
      TRY(registry.import(*module, file.file_name, source_of(file.content)));
  audit.record(visit.request, "import." + module->name,
               summary.failure.empty() ? service::Outcome::success : service::Outcome::refused,
               {{"import", summary.id},
                {"file", summary.source},
                {"rows", summary.rows},
                {"added", summary.added},
                {"replaced", summary.replaced},
                {"refused", summary.refused},
                {"failure", summary.failure}});
  return http::Response::redirect(visit.link(fmt::format("/imports/{}", summary.id)));
}

}  // namespace

void add_import_pages(service::Context& context, std::shared_ptr<Registry> registry) {
  service::Site& site = context.site;
  site.get("/imports",
           [registry](service::Visit& visit) { return imports_page(visit, *registry); });
  site.get("/imports/{id}",
           [registry](service::Visit& visit) { return report_page(visit, *registry); });
  site.get("/imports/{id}/refused.csv",
           [registry](service::Visit& visit) { return refused_rows(visit, *registry); });
  site.post_upload("/imports", kImportSizeMax,
                   [registry, &audit = context.audit](service::Visit& visit) {
                     return take_file(visit, *registry, audit);
                   });
}

}  // namespace bulkhead::services::gisis
