#include "http/feed.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::http {

FeedWriter::FeedWriter(std::string_view language, const std::vector<XmlNamespace>& namespaces) {
  out_ =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<feed xmlns=\"http://www.w3.org/2005/Atom\"";
  for (const XmlNamespace& each : namespaces) {
    out_ += fmt::format(" xmlns:{}=\"{}\"", each.prefix, escape_html(each.address));
  }
  out_ += fmt::format(" xml:lang=\"{}\">\n", escape_html(language));
}

void FeedWriter::element(std::string_view name, std::string_view text) {
  if (!text.empty()) out_ += fmt::format("<{0}>{1}</{0}>\n", name, escape_html(text));
}

void FeedWriter::author(std::string_view name) {
  out_ += fmt::format("<author><name>{}</name></author>\n", escape_html(name));
}

void FeedWriter::category(std::string_view term) {
  out_ += fmt::format("<category term=\"{0}\" label=\"{0}\"/>\n", escape_html(term));
}

void FeedWriter::link(const FeedLink& link) {
  out_ += fmt::format("<link rel=\"{}\" type=\"{}\" href=\"{}\"", escape_html(link.relation),
                      escape_html(link.type), escape_html(link.href));
  if (link.length_bytes) out_ += fmt::format(" length=\"{}\"", *link.length_bytes);
  out_ += "/>\n";
}

void FeedWriter::content(std::string_view type, std::string_view text) {
  out_ += fmt::format("<content type=\"{}\">{}</content>\n", type, escape_html(text));
}

void FeedWriter::begin_entry(std::string_view language) {
  out_ += language.empty() ? "<entry>\n"
                           : fmt::format("<entry xml:lang=\"{}\">\n", escape_html(language));
}

void FeedWriter::end_entry() { out_ += "</entry>\n"; }

std::string FeedWriter::finish() && {
  out_ += "</feed>\n";
  return std::move(out_);
}

}  // namespace bulkhead::http
