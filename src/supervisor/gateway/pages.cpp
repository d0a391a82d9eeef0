#include "supervisor/gateway/pages.h"

#include <fmt/format.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::string_view kStyleSheet = "/.bulkhead/gateway.css";

std::string frame(std::string_view language, std::string_view direction, std::string_view title,
                  std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"{}\" dir=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"robots\" content=\"noindex\">\n<title>{}</title>\n"
      "<link rel=\"stylesheet\" href=\"{}\">\n</head>\n<body>\n{}</body>\n</html>\n",
      language, direction, escape_html(title), kStyleSheet, body);
}

std::string status_address(const Estate& estate, std::string_view language) {
  return fmt::format("{}/{}/", estate.https_origin(estate.status_host()), language);
}

std::string_view reason_of(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 408: return "Request Timeout";
    case 500: return "Internal Server Error";
    case 502: return "Bad Gateway";
    case 504: return "Gateway Timeout";
    default: return "Service Unavailable";
  }
}

}  // namespace

std::string gateway_page(const GatewayPage& page, std::string_view language,
                         const Messages& messages, const Estate& estate) {
  const auto text = [&](std::string_view part) {
    return escape_html(messages.text(language, fmt::format("{}.{}", page.key, part)));
  };
  const std::string title = messages.text(language, fmt::format("{}.title", page.key));
  const std::string body = fmt::format(
      "<header><p class=\"organisation\">{}</p></header>\n<main class=\"notice\">\n"
      "<h1>{}</h1>\n<p>{}</p>\n<p><a class=\"action\" href=\"{}\">{}</a></p>\n</main>\n"
      "<footer><p>{}: <bdi>{}</bdi></p></footer>\n",
      escape_html(estate.title.find(language)->second), text("title"), text("text"),
      escape_html(status_address(estate, language)),
      escape_html(messages.text(language, "page.status_link")),
      escape_html(messages.text(language, "page.contact")), escape_html(estate.contact));
  return frame(language, messages.text(language, "direction"), title, body);
}

std::string gateway_problem(const GatewayPage& page, const Messages& messages,
                            const Estate& estate) {
  return json::write(json::Object{
      {"type", fmt::format("{}/problems/{}", estate.https_origin(estate.status_host()), page.type)},
      {"title", messages.text("en", fmt::format("{}.title", page.key))},
      {"status", page.status},
      {"detail", messages.text("en", fmt::format("{}.text", page.key))}});
}

std::string gateway_error_message(int status, const GatewayPage& page, const Messages& messages,
                                  const Estate& estate) {
  std::string body = "<main class=\"notice\">\n";
  for (const std::string_view language : kLanguages) {
    const std::string_view level = language == kLanguages[0] ? "h1" : "h2";
    body += fmt::format(
        "<section lang=\"{}\" dir=\"{}\"><{}>{}</{}>\n<p>{}</p>\n<p><a href=\"{}\">{}</a></p>"
        "</section>\n",
        language, messages.text(language, "direction"), level,
        escape_html(messages.text(language, fmt::format("{}.title", page.key))), level,
        escape_html(messages.text(language, fmt::format("{}.text", page.key))),
        escape_html(status_address(estate, language)),
        escape_html(messages.text(language, "page.status_link")));
  }
  body += "</main>\n";
  const std::string html =
      frame("en", "ltr", messages.text("en", fmt::format("{}.title", page.key)), body);
  return fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\n"
      "Content-Security-Policy: default-src 'none'; style-src 'self'\r\nRetry-After: 30\r\n"
      "Content-Length: {}\r\n\r\n{}",
      status, reason_of(status), html.size(), html);
}

}  // namespace bulkhead::supervisor
