#include "services/website/website.h"

#include <memory>

#include "services/website/pages/contact_page.h"
#include "services/website/pages/content_pages.h"
#include "services/website/pages/machine_pages.h"
#include "services/website/pages/search_page.h"

namespace bulkhead::services::website {

std::span<const EmbeddedFile> embedded_files();

service::Definition definition() { return {.name = "website", .files = embedded_files()}; }

Result<void> set_up(service::Context& context, http::Router& router) {
  // Shared by all handlers, and as long-lived as they are.
  const auto content =
      std::make_shared<ContentStore>(context.data, site_languages(), context.clock);
  const auto messages =
      std::make_shared<MessageBox>(context.data / "messages", context.clock, context.random);
  const std::string security_contact = TRY(context.configuration.string("security_contact", ""));

  context.site.set_navigation(
      [content](const service::Visit& visit) { return main_menu(visit, *content->current()); });
  add_content_pages(context.site, content);
  add_search_page(context, content);
  add_contact_page(context, messages);
  add_machine_pages(context, router, content, security_contact);

  context.readiness_checks.emplace_back("content", [content] { return content->check_ready(); });
  context.integrity_check = [content] { return content->check_integrity(); };
  content->current();
  return {};
}

}  // namespace bulkhead::services::website
