// The parts that pages are made of, as HTML in the visitor's language. Every argument is plain text
// and is escaped here, unless its name ends in _html.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "service/site.h"

namespace bulkhead::service {

enum class Notice { information, success, warning, error, sample };
// sample: marks invented data on screen.
std::string notice(const Visit& visit, Notice kind, std::string_view text_html);

// What stands where a list has nothing to show. An empty link is left out.
std::string empty_state(std::string_view title, std::string_view text, const Link& link = {});

struct Paging {
  std::uint64_t page = 1;  // from 1
  std::uint64_t page_size = 25;
  std::uint64_t total = 0;

  std::uint64_t page_count() const { return (total + page_size - 1) / page_size; }
  std::uint64_t offset() const { return (page - 1) * page_size; }
};
// Of the query's `page`; what is no number, or beyond reason, is page 1.
Paging paging_from(const http::Request& request, std::uint64_t total, std::uint64_t page_size = 25);
// "1 to 25 of 1,634" and links that keep the rest of the query; "" for a single page.
std::string pagination(const Visit& visit, const Paging& paging);

enum class FieldKind { text, search, number, date, choice, checkbox };
struct Choice {
  std::string value;
  std::string label;
};
struct Field {
  FieldKind kind = FieldKind::text;
  std::string name;
  std::string label;
  std::string value;            // checkbox: "1" when ticked
  std::vector<Choice> choices;  // choice: the first is usually {"", "Any"}
  std::string hint;
  std::string error;  // shown at the field, which is then marked invalid
  std::string autocomplete;
};
// One field with label, hint and error, for a form of the service's own.
std::string field(const Field& field);
// A form with method get whose fields are the page's filters; they are in the URL.
std::string filter_form(const Visit& visit, std::string_view action,
                        const std::vector<Field>& fields);
// One line: a field `q` and its button.
std::string search_form(const Visit& visit, std::string_view action, std::string_view label,
                        std::string_view value);

enum class Align { start, end };
struct Column {
  std::string label;
  Align align = Align::start;
  std::string sort_href;  // empty: the column does not sort
  enum class Sorted { no, ascending, descending } sorted = Sorted::no;
};
// Under a heading that says the same, the caption is for screen readers alone.
enum class Caption { shown, heard };
// Each row has one HTML cell a column; the first is the row's header. Where the screen is narrow, a
// row becomes a card whose lines carry the columns' labels.
std::string table(std::string_view caption, const std::vector<Column>& columns,
                  const std::vector<std::vector<std::string>>& rows_html,
                  Caption shown = Caption::shown);

struct Fact {
  std::string label;
  std::string value_html;
};
// The facts of one record, as a description list.
std::string fact_list(const std::vector<Fact>& facts);

struct Card {
  std::string title;
  std::string href;
  std::string text;
  std::string meta;                       // a small line: date, symbol, language
  std::optional<Language> text_language;  // where it differs from the page's
};
// The titles are headings of the level below the one that the list stands under.
enum class CardHeading { h2, h3 };
std::string card_list(const std::vector<Card>& cards, CardHeading heading = CardHeading::h2);

// "/en/ports?q=x&page=2" with one parameter of the request's query set, or left out where it is "".
std::string with_query(const http::Request& request, std::string_view name, std::string_view value);

}  // namespace bulkhead::service
