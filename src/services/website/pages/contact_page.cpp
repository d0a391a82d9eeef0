#include "services/website/pages/contact_page.h"

#include <algorithm>

#include "base/text.h"
#include "http/url.h"
#include "service/components.h"

namespace bulkhead::services::website {
namespace {

using service::Visit;

struct FaultText {
  MessageFault fault;
  std::string_view field;
  std::string_view key;
};

constexpr FaultText kFaultTexts[] = {
    {MessageFault::name_missing, "name", "contact.fault.name_missing"},
    {MessageFault::name_too_long, "name", "contact.fault.name_too_long"},
    {MessageFault::email_invalid, "email", "contact.fault.email_invalid"},
    {MessageFault::subject_missing, "subject", "contact.fault.subject_missing"},
    {MessageFault::subject_too_long, "subject", "contact.fault.subject_too_long"},
    {MessageFault::text_missing, "text", "contact.fault.text_missing"},
    {MessageFault::text_too_long, "text", "contact.fault.text_too_long"},
};

std::string fault_of_field(const Visit& visit, const std::vector<MessageFault>& faults,
                           std::string_view field) {
  for (const FaultText& text : kFaultTexts) {
    if (text.field == field &&
        std::find(faults.begin(), faults.end(), text.fault) != faults.end()) {
      return visit.text(text.key);
    }
  }
  return "";
}

http::Response form_page(Visit& visit, const Message& message,
                         const std::vector<MessageFault>& faults) {
  service::Page page{.title = visit.text("contact.title"),
                     .status = faults.empty() ? 200 : 422,
                     .breadcrumbs = {{visit.text("nav.home"), visit.link("/")}},
                     .lead = visit.text("contact.lead")};
  if (visit.read_only()) {
    page.content = service::notice(visit, service::Notice::information,
                                   "<p>" + escape_html(visit.text("contact.closed")) + "</p>");
    return visit.page(std::move(page));
  }
  const auto field = [&](const std::string& name, const std::string& value,
                         const std::string& autocomplete, const std::string& hint) {
    return service::field({.name = name,
                           .label = visit.text("contact." + name),
                           .value = value,
                           .choices = {},
                           .hint = hint,
                           .error = fault_of_field(visit, faults, name),
                           .autocomplete = autocomplete});
  };
  page.content = visit.render(
      "contact",
      {{"faults", !faults.empty()},
       {"form_fields_html", visit.form_fields()},
       {"name_html", field("name", message.name, "name", "")},
       {"email_html", field("email", message.email, "email", visit.text("contact.email_hint"))},
       {"subject_html", field("subject", message.subject, "off", "")},
       {"text_fault", fault_of_field(visit, faults, "text")},
       {"text", message.text}});
  return visit.page(std::move(page));
}

Result<http::Response> receive(Visit& visit, MessageBox& messages, service::Audit& audit) {
  const Message message = normalised({.name = visit.form.get("name"),
                                      .email = visit.form.get("email"),
                                      .subject = visit.form.get("subject"),
                                      .text = visit.form.get("text"),
                                      .language = std::string(service::code_of(visit.language))});
  const std::vector<MessageFault> faults = faults_of(message);
  if (!faults.empty()) {
    audit.record(visit.request, "message.send", service::Outcome::refused);
    return form_page(visit, message, faults);
  }
  const auto reference = messages.keep(message);
  if (!reference) {
    audit.record(visit.request, "message.send", service::Outcome::failed);
    return std::unexpected(reference.error());
  }
  // The record names the message, not the person who wrote it.
  audit.record(visit.request, "message.send", service::Outcome::success,
               {{"reference", *reference}});
  return http::Response::redirect(visit.link("/contact/sent") +
                                  "?reference=" + http::percent_encode(*reference));
}

// Only what a reference looks like is shown: the address is anybody's to write.
bool is_reference(std::string_view text) {
  constexpr std::size_t kReferenceLength = 27;  // 2026-09-30-0123456789abcdef
  return text.size() == kReferenceLength &&
         text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

Result<http::Response> sent(Visit& visit) {
  const std::string reference = visit.request.query.get("reference");
  if (!is_reference(reference)) return fail(ErrorKind::not_found, "no such message");
  const std::string text = visit.text("contact.sent_text", {{"reference", reference}});
  return visit.page({.title = visit.text("contact.sent_title"),
                     .content = service::notice(visit, service::Notice::success,
                                                "<p>" + escape_html(text) + "</p>"),
                     .breadcrumbs = {{visit.text("nav.home"), visit.link("/")}},
                     .robots = service::Robots::no_index});
}

}  // namespace

void add_contact_page(service::Context& context, const std::shared_ptr<MessageBox>& messages) {
  context.site.get("/contact",
                   [](Visit& visit) -> Result<http::Response> { return form_page(visit, {}, {}); });
  context.site.post("/contact", [messages, &audit = context.audit](Visit& visit) {
    return receive(visit, *messages, audit);
  });
  context.site.get("/contact/sent", sent);
}

}  // namespace bulkhead::services::website
