#include "service/components.h"

#include <algorithm>

#include "base/text.h"
#include "http/url.h"

namespace bulkhead::service {
namespace {

std::string attribute(std::string_view name, std::string_view value) {
  return " " + std::string(name) + "=\"" + escape_html(value) + "\"";
}

std::string_view class_of(Notice kind) {
  switch (kind) {
    case Notice::information: return "information";
    case Notice::success: return "success";
    case Notice::warning: return "warning";
    case Notice::error: return "error";
    case Notice::sample: return "sample";
  }
  return "information";
}

std::string_view class_of(Column::Sorted sorted) {
  switch (sorted) {
    case Column::Sorted::no: return "none";
    case Column::Sorted::ascending: return "ascending";
    case Column::Sorted::descending: return "descending";
  }
  return "none";
}

// First, last, the current page and its neighbours; the gaps between are shown as such.
std::vector<std::uint64_t> shown_pages(std::uint64_t current, std::uint64_t last) {
  std::vector<std::uint64_t> pages{1};
  for (std::uint64_t page = current > 2 ? current - 1 : 2; page <= current + 1 && page < last;
       ++page) {
    pages.push_back(page);
  }
  if (last > 1) pages.push_back(last);
  return pages;
}

std::string page_link(const http::Request& request, std::uint64_t page) {
  return with_query(request, "page", page == 1 ? "" : std::to_string(page));
}

}  // namespace

std::string notice(const Visit& visit, Notice kind, std::string_view text_html) {
  const std::string name(class_of(kind));
  return "<div class=\"notice notice-" + name + "\" role=\"" +
         (kind == Notice::error ? "alert" : "note") + "\"><p class=\"notice-label\">" +
         escape_html(visit.text("kit.notice." + name)) + "</p><div>" + std::string(text_html) +
         "</div></div>";
}

std::string empty_state(std::string_view title, std::string_view text, const Link& link) {
  std::string out = "<div class=\"empty-state\"><h2>" + escape_html(title) + "</h2><p>" +
                    escape_html(text) + "</p>";
  if (!link.href.empty()) {
    out += "<p><a class=\"button button-quiet\"" + attribute("href", link.href) + ">" +
           escape_html(link.text) + "</a></p>";
  }
  return out + "</div>";
}

Paging paging_from(const http::Request& request, std::uint64_t total, std::uint64_t page_size) {
  Paging paging{.page = 1, .page_size = page_size, .total = total};
  const std::uint64_t page = parse_u64(request.query.get("page")).value_or(1);
  if (page >= 1 && page <= paging.page_count()) paging.page = page;
  return paging;
}

std::string pagination(const Visit& visit, const Paging& paging) {
  const std::uint64_t last = paging.page_count();
  if (last <= 1) return "";
  json::Array pages;
  std::uint64_t before = 0;
  for (const std::uint64_t page : shown_pages(paging.page, last)) {
    if (page > before + 1) pages.push_back(json::Object{{"gap", true}});
    const std::string number = visit.number(static_cast<std::int64_t>(page));
    pages.push_back(json::Object{{"number", number},
                                 {"href", page_link(visit.request, page)},
                                 {"label", visit.text("kit.pagination.page", {{"page", number}})},
                                 {"current", page == paging.page}});
    before = page;
  }
  const std::uint64_t end = std::min(paging.offset() + paging.page_size, paging.total);
  const auto number = [&](std::uint64_t value) {
    return visit.number(static_cast<std::int64_t>(value));
  };
  return visit.render(
      "pagination",
      {{"summary", visit.text("kit.pagination.summary", {{"first", number(paging.offset() + 1)},
                                                         {"last", number(end)},
                                                         {"total", number(paging.total)}})},
       {"pages", std::move(pages)},
       {"previous", paging.page > 1 ? page_link(visit.request, paging.page - 1) : ""},
       {"next", paging.page < last ? page_link(visit.request, paging.page + 1) : ""}});
}

std::string table(std::string_view caption, const std::vector<Column>& columns,
                  const std::vector<std::vector<std::string>>& rows_html, Caption shown) {
  // The region takes the focus, so that a wide table can be scrolled by keyboard. The roles are
  // written out, since a table that is laid out as cards would lose its own.
  std::string out = "<div class=\"record-table\" role=\"region\" tabindex=\"0\"" +
                    attribute("aria-label", caption) + "><table role=\"table\"><caption" +
                    (shown == Caption::heard ? " class=\"visually-hidden\"" : "") + ">" +
                    escape_html(caption) + "</caption><thead role=\"rowgroup\"><tr role=\"row\">";
  for (const Column& column : columns) {
    out += "<th role=\"columnheader\" scope=\"col\"";
    if (column.align == Align::end) out += " class=\"align-end\"";
    if (!column.sort_href.empty()) out += attribute("aria-sort", class_of(column.sorted));
    out += ">";
    if (column.sort_href.empty()) {
      out += escape_html(column.label);
    } else {
      out += "<a" + attribute("href", column.sort_href) + ">" + escape_html(column.label) + "</a>";
    }
    out += "</th>";
  }
  out += "</tr></thead><tbody role=\"rowgroup\">";
  for (const auto& row : rows_html) {
    out += "<tr role=\"row\">";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool end = i < columns.size() && columns[i].align == Align::end;
      if (i == 0) {
        out += "<th role=\"rowheader\" scope=\"row\"";
        out += (end ? " class=\"align-end\">" : ">") + row[i] + "</th>";
        continue;
      }
      out +=
          "<td role=\"cell\"" + attribute("data-label", i < columns.size() ? columns[i].label : "");
      std::string classes = end ? "align-end" : "";
      if (row[i].empty()) classes += end ? " is-empty" : "is-empty";
      if (!classes.empty()) out += attribute("class", classes);
      out += "><span class=\"cell\">" + row[i] + "</span></td>";
    }
    out += "</tr>";
  }
  return out + "</tbody></table></div>";
}

std::string fact_list(const std::vector<Fact>& facts) {
  std::string out = "<dl class=\"fact-list\">";
  for (const Fact& fact : facts) {
    out += "<div><dt>" + escape_html(fact.label) + "</dt><dd>" + fact.value_html + "</dd></div>";
  }
  return out + "</dl>";
}

std::string card_list(const std::vector<Card>& cards, CardHeading heading) {
  const std::string tag = heading == CardHeading::h2 ? "h2" : "h3";
  std::string out = "<ul class=\"card-list\">";
  for (const Card& card : cards) {
    out += "<li class=\"card\"";
    if (card.text_language) {
      out += attribute("lang", code_of(*card.text_language)) +
             attribute("dir", direction_of(*card.text_language));
    }
    out += "><" + tag + " class=\"card-title\"><a" + attribute("href", card.href) + ">" +
           escape_html(card.title) + "</a></" + tag + ">";
    if (!card.meta.empty()) out += "<p class=\"card-meta\">" + escape_html(card.meta) + "</p>";
    if (!card.text.empty()) out += "<p>" + escape_html(card.text) + "</p>";
    out += "</li>";
  }
  return out + "</ul>";
}

std::string with_query(const http::Request& request, std::string_view name,
                       std::string_view value) {
  http::Parameters query;
  for (const auto& [key, old_value] : request.query.all()) {
    if (key != name) query.add(key, old_value);
  }
  if (!value.empty()) query.add(std::string(name), std::string(value));
  const std::string encoded = query.encode();
  return http::percent_encode_path(request.path) + (encoded.empty() ? "" : "?" + encoded);
}

}  // namespace bulkhead::service
