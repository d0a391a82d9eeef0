// One value of a record in the forms that pages and exports need.
#pragma once

#include <string>

#include "json/value.h"
#include "service/site.h"
#include "services/gisis/domain/record.h"

namespace bulkhead::services::gisis {

// Plain text in the visitor's language; "" for no value.
std::string display_text(const service::Visit& visit, const FieldDefinition& field,
                         const FieldValue& value);
// The same as HTML, with identifiers and positions kept left-to-right.
std::string display_html(const service::Visit& visit, const FieldDefinition& field,
                         const FieldValue& value);
// The label of a stored value of a choice, country or boolean.
std::string label_of(const service::Visit& visit, const FieldDefinition& field,
                     std::string_view stored);

const Remark* remark_on(const Record& record, std::size_t field);
std::string reason_text(const service::Visit& visit, Reason reason);

// The values of its heading fields, joined; where all are empty, "No name given".
std::string heading_of(const service::Visit& visit, const ModuleDefinition& module,
                       const Record& record);
bool is_sample(const ModuleDefinition& module, const Record& record);

std::string record_path(const ModuleDefinition& module, const Record& record);

// "https://gisis.example/fr": what stands before a record's path.
std::string url_prefix(const service::Visit& visit);
// {"key": …, "url": …, "fields": {…}, "remarks": […]}: the same in every language.
json::Object record_json(std::string_view url_prefix, const ModuleDefinition& module,
                         const Record& record);

}  // namespace bulkhead::services::gisis
