#include "services/publications/publications.h"

#include <memory>

#include "services/publications/pages/book_files.h"
#include "services/publications/pages/catalogue_pages.h"
#include "services/publications/pages/opds.h"
#include "services/publications/pages/reader_page.h"

namespace bulkhead::services::publications {

std::span<const EmbeddedFile> embedded_files();

service::Definition definition() { return {.name = "publications", .files = embedded_files()}; }

Result<void> set_up(service::Context& context, http::Router& router) {
  // Shared by all handlers, and as long-lived as they are.
  const auto catalogue = std::make_shared<CatalogueStore>(context.data / "books", context.clock);
  context.site.set_navigation(
      std::vector<service::NavigationItem>{{"nav.catalogue", "/"}, {"nav.opds", "/reading-apps"}});
  add_catalogue_pages(context.site, catalogue);
  add_reader_page(context.site, catalogue);
  add_opds(context.site, catalogue);
  add_book_files(router, context.audit, catalogue);

  context.readiness_checks.emplace_back("catalogue",
                                        [catalogue] { return catalogue->check_ready(); });
  context.integrity_check = [catalogue] { return catalogue->check_integrity(); };
  catalogue->current();
  return {};
}

}  // namespace bulkhead::services::publications
