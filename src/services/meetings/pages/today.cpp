#include "services/meetings/pages/today.h"

#include <fmt/format.h>

#include "base/text.h"
#include "service/components.h"

namespace bulkhead::services::meetings {
namespace {

std::string state_tag(const service::Visit& visit, State state) {
  switch (state) {
    case State::later:
      return "<span class=\"tag\">" + escape_html(visit.text("state.later")) + "</span>";
    case State::under_way:
      return "<span class=\"tag tag-success\">" + escape_html(visit.text("state.under_way")) +
             "</span>";
    case State::over:
      return "<span class=\"tag tag-quiet\">" + escape_html(visit.text("state.over")) + "</span>";
  }
  return "";
}

std::string interpretation(const Session& session) {
  std::string out;
  for (const service::Language language : session.interpretation) {
    if (!out.empty()) out += " · ";
    out += fmt::format("<bdi class=\"nowrap\" lang=\"{}\">{}</bdi>", service::code_of(language),
                       service::native_name_of(language));
  }
  return out;
}

}  // namespace

http::Response today_page(service::Visit& visit, const std::vector<Session>& sessions,
                          WallTime now) {
  const int minute = minute_of_day(now);
  std::vector<std::vector<std::string>> rows;
  for (const Session& session : sessions) {
    rows.push_back({fmt::format("<bdi class=\"nowrap\">{}–{}</bdi>",
                                clock_time(session.starts_minute), clock_time(session.ends_minute)),
                    fmt::format("<strong>{}</strong><br>{}", escape_html(session.body),
                                escape_html(session.title.at(visit.language))),
                    "<bdi>" + escape_html(session.room) + "</bdi>", interpretation(session),
                    state_tag(visit, state_of(session, minute))});
  }
  std::string content;
  if (rows.empty()) {
    content = service::empty_state(visit.text("today.none_title"), visit.text("today.none_text"));
  } else {
    content = service::notice(visit, service::Notice::sample,
                              "<p>" + escape_html(visit.text("today.sample")) + "</p>") +
              service::table(visit.plural("today.caption", static_cast<std::int64_t>(rows.size())),
                             {{visit.text("column.time")},
                              {visit.text("column.meeting")},
                              {visit.text("column.room")},
                              {visit.text("column.interpretation")},
                              {visit.text("column.state")}},
                             rows);
  }
  return visit.page({.title = visit.text("today.title"),
                     .description = visit.text("service.tagline"),
                     .content = std::move(content),
                     .lead = visit.date(now)});
}

}  // namespace bulkhead::services::meetings
