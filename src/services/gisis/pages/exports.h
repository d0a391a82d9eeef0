// The same lists and records as JSON and CSV: whole, streamed, and tagged so that a program asks
// again only for what has changed.
#pragma once

#include <memory>

#include "service/site.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

enum class Format { html, json, csv };

// "ships.csv" → {"ships", csv}
struct FormattedName {
  std::string name;
  Format format = Format::html;
};
FormattedName split_format(std::string_view segment);

// `registry` outlives the response, which is streamed after the handler has returned.
Result<http::Response> export_list(service::Visit& visit, std::shared_ptr<Registry> registry,
                                   const ModuleDefinition& module, const ListRequest& request,
                                   Format format);
Result<http::Response> export_record(service::Visit& visit, Registry& registry,
                                     const ModuleDefinition& module, const Record& record,
                                     Format format);

// 304 where the visitor has this version already. The tag is weak: it names the data's version, not
// the bytes.
std::optional<http::Response> not_modified(const service::Visit& visit, const Registry& registry,
                                           const ModuleDefinition& module);

}  // namespace bulkhead::services::gisis
