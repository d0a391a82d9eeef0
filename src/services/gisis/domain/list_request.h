// What a list page shows, as its URL says it: ?q=…&flag=PA&flag=LR&date_from=2010&sort=-date
// &after=KEY. One form of a URL for one list, so that it can be linked, cached and sent on.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"
#include "services/gisis/domain/module_definition.h"
#include "services/gisis/domain/reason.h"

namespace bulkhead::services::gisis {

inline constexpr std::size_t kPageSize = 25;
inline constexpr std::size_t kPageSizeMax = 1000;

struct Filter {
  std::size_t field = 0;
  std::vector<std::string> values;  // alternatives, as they are stored
  std::optional<std::string> from;  // of dates ("1994-07-22") and integers, both ends included
  std::optional<std::string> to;
};

// A value that is none of its type: no country, none of the field's choices, a wrong check digit.
struct UnknownValue {
  std::size_t field = 0;
  std::string given;
  Reason reason = Reason::unknown_choice;
};

struct ListRequest {
  std::string text;
  std::vector<Filter> filters;
  std::vector<UnknownValue> unknown;  // they are in `filters` too
  bool with_remarks_only = false;
  std::size_t sort_field = 0;
  bool descending = false;
  // Keyset pagination: the page after, or before, the record with this key.
  std::string after;
  std::string before;
  std::optional<std::size_t> limit;

  // Parameters of other names are not ours and are passed over. Kind invalid for a bound, an order
  // or a page that means nothing.
  static Result<ListRequest> parse(const ModuleDefinition& module, const http::Parameters& query);
  // Of all parameters that a list of the module knows.
  static std::vector<std::string> names(const ModuleDefinition& module);
  // For exports: a misspelt filter must not hand a program the whole list in place of a part. Kind
  // invalid, with the names that there are.
  static Result<void> refuse_other_names(const ModuleDefinition& module,
                                         const http::Parameters& query);
  const Filter* find(std::size_t field) const;
  bool is_filtered() const { return !text.empty() || !filters.empty() || with_remarks_only; }
};

}  // namespace bulkhead::services::gisis
