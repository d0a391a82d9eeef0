#include "services/gisis/pages/exports.h"

#include <fmt/format.h>

#include "base/text.h"
#include "service/components.h"
#include "services/gisis/pages/values.h"

namespace bulkhead::services::gisis {
namespace {

constexpr std::size_t kPieceSize = 32 * 1024;

std::string tag_of(const Registry& registry, const ModuleDefinition& module) {
  return fmt::format("W/\"{}-{}\"", module.name, registry.version(module));
}

// Gathers small pieces, so that each record is not a write of its own.
class Pieces {
 public:
  explicit Pieces(http::BodyWriter& writer) : writer_(writer) {}
  std::string& text() { return text_; }
  Result<void> pass_on() {
    if (text_.size() < kPieceSize) return {};
    return finish();
  }
  Result<void> finish() {
    TRY(writer_.write(text_));
    text_.clear();
    return {};
  }

 private:
  http::BodyWriter& writer_;
  std::string text_;
};

void append_csv_header(std::string& out, const ModuleDefinition& module) {
  append_csv_cell(out, "key", CellKind::data);
  for (const FieldDefinition& field : module.fields) {
    append_csv_cell(out, field.name, CellKind::data);
    if (field.type != FieldType::position) continue;
    append_csv_cell(out, field.name + "_latitude", CellKind::data);
    append_csv_cell(out, field.name + "_longitude", CellKind::data);
  }
  append_csv_cell(out, "remarks", CellKind::data);
  end_csv_row(out);
}

// What a file said stands in the cell where it could not be taken, so that the export can be
// imported again without a loss.
void append_csv_value(std::string& out, const FieldDefinition& field, const FieldValue& value,
                      const Remark* remark) {
  const bool is_text = field.type == FieldType::text || field.type == FieldType::long_text;
  std::string text;
  if (remark != nullptr) {
    text = remark->given;
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    text =
        field.type == FieldType::boolean ? (*number ? "TRUE" : "FALSE") : std::to_string(*number);
  } else if (const auto* position = std::get_if<Position>(&value)) {
    text = format_position(*position);
  } else if (const auto* stored = std::get_if<std::string>(&value)) {
    text = *stored;
  }
  const CellKind kind = is_text || remark != nullptr ? CellKind::text : CellKind::data;
  append_csv_cell(out, text, kind);
  if (field.type != FieldType::position) return;
  const auto* position = std::get_if<Position>(&value);
  append_csv_cell(out, position ? fmt::format("{:.6f}", position->latitude_degrees) : "",
                  CellKind::data);
  append_csv_cell(out, position ? fmt::format("{:.6f}", position->longitude_degrees) : "",
                  CellKind::data);
}

void append_csv_record(std::string& out, const ModuleDefinition& module, const Record& record) {
  append_csv_cell(out, record.key, CellKind::data);
  for (std::size_t i = 0; i < module.fields.size(); ++i) {
    append_csv_value(out, module.fields[i], record.values[i], remark_on(record, i));
  }
  std::string remarks;
  for (const Remark& remark : record.remarks) {
    remarks +=
        fmt::format("{}{}: {}", remarks.empty() ? "" : "; ",
                    remark.field ? module.fields[*remark.field].name : "", name_of(remark.reason));
  }
  append_csv_cell(out, remarks, CellKind::text);
  end_csv_row(out);
}

void set_headers(http::Response& response, const Registry& registry, const ModuleDefinition& module,
                 const std::string& file, Format format) {
  response.headers.set("ETag", tag_of(registry, module));
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("Access-Control-Allow-Origin", "*");
  if (format == Format::json) {
    response.headers.set("Content-Type", "application/json; charset=utf-8");
  } else {
    response.headers.set("Content-Type", "text/csv; charset=utf-8; header=present");
    response.headers.set("Content-Disposition",
                         fmt::format("attachment; filename=\"{}.csv\"", file));
  }
}

std::string next_page_url(const service::Visit& visit, const ListPage& page) {
  return visit.origin() + service::with_query(visit.request, "after", page.records.back().key);
}

// One page: it fits in memory, and says where the next one is.
http::Response page_of(service::Visit& visit, const ModuleDefinition& module, const ListPage& page,
                       Format format) {
  http::Response response;
  const bool more = page.has_next && !page.records.empty();
  if (format == Format::csv) {
    append_csv_header(response.body, module);
    for (const Record& record : page.records) append_csv_record(response.body, module, record);
  } else {
    json::Array records;
    for (const Record& record : page.records) {
      records.emplace_back(record_json(url_prefix(visit), module, record));
    }
    response.body = json::write(
        json::Object{{"module", module.name},
                     {"total", page.total},
                     {"next", more ? json::Value(next_page_url(visit, page)) : json::Value()},
                     {"records", std::move(records)}});
  }
  if (more) {
    response.headers.set("Link", fmt::format("<{}>; rel=\"next\"", next_page_url(visit, page)));
  }
  return response;
}

}  // namespace

FormattedName split_format(std::string_view segment) {
  if (segment.ends_with(".json")) {
    return {std::string(segment.substr(0, segment.size() - 5)), Format::json};
  }
  if (segment.ends_with(".csv")) {
    return {std::string(segment.substr(0, segment.size() - 4)), Format::csv};
  }
  return {std::string(segment), Format::html};
}

std::optional<http::Response> not_modified(const service::Visit& visit, const Registry& registry,
                                           const ModuleDefinition& module) {
  const auto asked = visit.request.headers.find("If-None-Match");
  if (!asked) return std::nullopt;
  const std::string tag = tag_of(registry, module);
  for (const std::string_view one : split(*asked, ',')) {
    if (trim(one) != tag && trim(one) != "*") continue;
    http::Response response;
    response.status = 304;
    response.headers.set("ETag", tag);
    return response;
  }
  return std::nullopt;
}

Result<http::Response> export_list(service::Visit& visit, std::shared_ptr<Registry> registry,
                                   const ModuleDefinition& module, const ListRequest& request,
                                   Format format) {
  if (auto unchanged = not_modified(visit, *registry, module)) return *std::move(unchanged);
  // Also finds out whether the request is right, before a body begins.
  ListRequest first = request;
  if (!first.limit) first.limit = 1;
  const ListPage page = TRY(registry->list(module, first));
  http::Response response;
  if (request.limit) {
    response = page_of(visit, module, page, format);
  } else if (format == Format::csv) {
    response.stream = [registry, &module, request](http::BodyWriter& writer) -> Result<void> {
      Pieces pieces(writer);
      append_csv_header(pieces.text(), module);
      TRY(registry->for_each(module, request, [&](const Record& record) {
        append_csv_record(pieces.text(), module, record);
        return pieces.pass_on();
      }));
      return pieces.finish();
    };
  } else {
    const std::string start = fmt::format(
        "{{\"module\":\"{}\",\"total\":{},\"next\":null,\"records\":[", module.name, page.total);
    response.stream = [registry, &module, request, start,
                       prefix = url_prefix(visit)](http::BodyWriter& writer) -> Result<void> {
      Pieces pieces(writer);
      pieces.text() = start;
      bool following = false;
      TRY(registry->for_each(module, request, [&](const Record& record) {
        if (following) pieces.text() += ",\n";
        following = true;
        pieces.text() += json::write(record_json(prefix, module, record));
        return pieces.pass_on();
      }));
      pieces.text() += "]}\n";
      return pieces.finish();
    };
  }
  set_headers(response, *registry, module, module.name, format);
  return response;
}

Result<http::Response> export_record(service::Visit& visit, Registry& registry,
                                     const ModuleDefinition& module, const Record& record,
                                     Format format) {
  if (auto unchanged = not_modified(visit, registry, module)) return *std::move(unchanged);
  http::Response response;
  if (format == Format::csv) {
    append_csv_header(response.body, module);
    append_csv_record(response.body, module, record);
  } else {
    response.body = json::write(record_json(url_prefix(visit), module, record));
  }
  set_headers(response, registry, module, module.name + "-" + record.key, format);
  return response;
}

}  // namespace bulkhead::services::gisis
