#include "services/imodocs/imodocs.h"

#include <memory>

#include "services/imodocs/library/library.h"
#include "services/imodocs/pages/document_pages.h"
#include "services/imodocs/pages/meeting_pages.h"
#include "services/imodocs/pages/search_page.h"

namespace bulkhead::services::imodocs {

std::span<const EmbeddedFile> embedded_files();

service::Definition definition() { return {"imodocs", embedded_files()}; }

Result<void> set_up(service::Context& context, http::Router&) {
  const auto extractor = confined_pdftotext();
  // Shared by all handlers, and as long-lived as they are.
  const std::shared_ptr<const Library> library = TRY(Library::open(context.data, *extractor));
  context.site.set_navigation({{"nav.home", "/"}, {"nav.search", "/search"}});
  add_meeting_pages(context.site, library);
  add_document_pages(context, library);
  add_search_page(context.site, library);
  context.readiness_checks.emplace_back("library", [library] { return library->check_ready(); });
  context.integrity_check = [library] { return library->check_integrity(); };
  return {};
}

}  // namespace bulkhead::services::imodocs
