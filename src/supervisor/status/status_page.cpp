#include "supervisor/status/status_page.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "http/feed.h"

namespace bulkhead::supervisor {
namespace {

std::string_view name_of_step(StatusStep step) {
  switch (step) {
    case StatusStep::investigating: return "investigating";
    case StatusStep::contained: return "contained";
    case StatusStep::identified: return "identified";
    case StatusStep::restoring: return "restoring";
    case StatusStep::verifying: return "verifying";
    case StatusStep::restored: return "restored";
    case StatusStep::sealed_again: return "sealed_again";
    case StatusStep::resolved: return "resolved";
  }
  return "";
}

// The four words that the Statuspage API has for the same.
std::string_view statuspage_word(StatusStep step) {
  switch (step) {
    case StatusStep::investigating:
    case StatusStep::contained:
    case StatusStep::sealed_again: return "investigating";
    case StatusStep::identified:
    case StatusStep::restoring: return "identified";
    case StatusStep::verifying:
    case StatusStep::restored: return "monitoring";
    case StatusStep::resolved: return "resolved";
  }
  return "";
}

bool is_open(const StatusIncident& incident) {
  return incident.updates.empty() || incident.updates.back().step != StatusStep::resolved;
}

std::string titles_of(const std::vector<std::string>& services, const Estate& estate,
                      std::string_view language) {
  std::vector<std::string> titles;
  for (const std::string& name : services) {
    const ServiceConfig* service = estate.find(name);
    titles.push_back(service ? service->title.find(language)->second : name);
  }
  return Messages::list(language, titles);
}

std::string sentence(const StatusUpdate& update, const Estate& estate, const Messages& messages,
                     std::string_view language) {
  return messages.text_with(language, fmt::format("step.{}", name_of_step(update.step)), "services",
                            titles_of(update.services, estate, language));
}

// With a direction of its own: the digits of a date keep their order in Arabic text.
std::string time_element(WallTime time) {
  return fmt::format("<time datetime=\"{}\" dir=\"ltr\">{}</time>", to_rfc3339(time),
                     short_time(time));
}

bool all_operational(const StatusView& view) {
  return std::all_of(view.services.begin(), view.services.end(), [](const auto& service) {
    return component_state(service) == ComponentState::operational;
  });
}

std::string language_switch(const Messages& messages, std::string_view language) {
  std::string out = fmt::format("<nav aria-label=\"{}\"><ul>\n",
                                escape_html(messages.text(language, "status.languages")));
  for (const std::string_view other : kLanguages) {
    out += fmt::format(
        "<li><a href=\"/{}/\" lang=\"{}\" hreflang=\"{}\" dir=\"{}\"{}>{}</a></li>\n", other, other,
        other, messages.text(other, "direction"), other == language ? " aria-current=\"page\"" : "",
        escape_html(messages.text(other, "name")));
  }
  return out + "</ul></nav>\n";
}

std::string table_of_services(const StatusView& view, const Estate& estate,
                              const Messages& messages, std::string_view language) {
  const auto text = [&](std::string_view key) { return escape_html(messages.text(language, key)); };
  std::string out = fmt::format(
      "<table>\n<thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}"
      "</th></tr></thead>\n<tbody>\n",
      text("status.service"), text("status.state"), text("status.since"));
  for (const ServiceStatus& service : view.services) {
    const ServiceConfig* config = estate.find(service.name);
    if (!config) continue;
    const std::string_view state = name_of(component_state(service));
    const std::string title = escape_html(config->title.find(language)->second);
    // A service that nobody can reach now is not linked to.
    const bool reachable = !config->hostnames.empty() && service.exposure != Exposure::sealed;
    const std::string name =
        reachable ? fmt::format("<a href=\"{}/{}/\">{}</a>",
                                escape_html(estate.https_origin(config->hostnames.front())),
                                language, title)
                  : title;
    out +=
        fmt::format("<tr><th scope=\"row\">{}</th><td class=\"{}\">{}</td><td>{}</td></tr>\n", name,
                    state, text(fmt::format("state.{}", state)), time_element(service.since));
  }
  return out + "</tbody>\n</table>\n";
}

std::string incident_section(const StatusIncident& incident, const Estate& estate,
                             const Messages& messages, std::string_view language) {
  std::string out =
      fmt::format("<section id=\"{}\">\n<h2>{} <bdi>{}</bdi></h2>\n<ol class=\"steps\" reversed>\n",
                  escape_html(incident.id), escape_html(messages.text(language, "status.incident")),
                  escape_html(incident.id));
  for (auto update = incident.updates.rbegin(); update != incident.updates.rend(); ++update) {
    out += fmt::format("<li>{} {}</li>\n", time_element(update->time),
                       escape_html(sentence(*update, estate, messages, language)));
  }
  return out + "</ol>\n</section>\n";
}

std::string page_head(const Estate& estate, const Messages& messages, std::string_view language) {
  const std::string title = fmt::format("{} — {}", messages.text(language, "status.title"),
                                        estate.title.find(language)->second);
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"{}\" dir=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>{}</title>\n<link rel=\"stylesheet\" href=\"/.bulkhead/gateway.css\">\n"
      "<link rel=\"alternate\" type=\"application/atom+xml\" href=\"/{}/feed.atom\">\n",
      language, messages.text(language, "direction"), escape_html(title), language);
  for (const std::string_view other : kLanguages) {
    out += fmt::format("<link rel=\"alternate\" hreflang=\"{}\" href=\"/{}/\">\n", other, other);
  }
  // No refresh by itself: a page that moves under a screen reader is worse than one to load again
  // (WCAG 2.2.1). Who wants to be told has the feed.
  return out + "</head>\n";
}

}  // namespace

std::string_view name_of(ComponentState state) {
  switch (state) {
    case ComponentState::operational: return "operational";
    case ComponentState::degraded_performance: return "degraded_performance";
    case ComponentState::partial_outage: return "partial_outage";
    case ComponentState::major_outage: return "major_outage";
    case ComponentState::under_maintenance: return "under_maintenance";
  }
  return "";
}

ComponentState component_state(const ServiceStatus& service) {
  if (service.exposure == Exposure::sealed) return ComponentState::under_maintenance;
  if (service.state != ServiceState::ready) return ComponentState::major_outage;
  switch (service.exposure) {
    case Exposure::public_: return ComponentState::operational;
    case Exposure::read_only: return ComponentState::degraded_performance;
    case Exposure::members:
    case Exposure::operators: return ComponentState::partial_outage;
    case Exposure::sealed: return ComponentState::under_maintenance;
  }
  return ComponentState::major_outage;
}

std::string short_time(WallTime time) {
  std::string text = to_rfc3339_milliseconds(time);  // 2026-01-02T03:04:05.678Z
  text[10] = ' ';
  return text.substr(0, 16);
}

std::string status_html(const StatusView& view, const Estate& estate, const Messages& messages,
                        std::string_view language) {
  const auto text = [&](std::string_view key) { return escape_html(messages.text(language, key)); };
  const bool good = all_operational(view);
  const bool incident_open = !view.incidents.empty() && is_open(view.incidents.front());
  std::string out = page_head(estate, messages, language);
  out += fmt::format("<body>\n<header>\n<p class=\"organisation\">{}</p>\n{}</header>\n<main>\n",
                     escape_html(estate.title.find(language)->second),
                     language_switch(messages, language));
  out += fmt::format("<h1>{}</h1>\n<p class=\"banner{}\" role=\"status\">{}</p>\n",
                     text("status.title"), good ? "" : " trouble",
                     text(good ? "status.all_operational" : "status.some_trouble"));
  if (incident_open) {
    out += incident_section(view.incidents.front(), estate, messages, language);
  } else {
    out += fmt::format("<p>{}</p>\n", text("status.no_incident"));
  }
  out += fmt::format("<h2>{}</h2>\n", text("status.services"));
  out += table_of_services(view, estate, messages, language);
  for (std::size_t i = incident_open ? 1 : 0; i < view.incidents.size(); ++i) {
    out += incident_section(view.incidents[i], estate, messages, language);
  }
  out += fmt::format(
      "</main>\n<footer>\n<p>{}: {}. {}</p>\n<p><a href=\"/{}/feed.atom\">{}</a> · "
      "<a href=\"/api/v2/summary.json\">{}</a></p>\n<p>{}: <bdi>{}</bdi></p>\n</footer>\n"
      "</body>\n</html>\n",
      text("status.updated"), time_element(view.now), text("status.utc"), language,
      text("status.feed"), text("status.machine_readable"), text("page.contact"),
      escape_html(estate.contact));
  return out;
}

std::string status_atom(const StatusView& view, const Estate& estate, const Messages& messages,
                        std::string_view language) {
  const std::string origin = estate.https_origin(estate.status_host());
  WallTime newest = view.now;
  if (!view.incidents.empty()) {
    const StatusIncident& latest = view.incidents.front();
    newest = latest.updates.empty() ? latest.opened : latest.updates.back().time;
  }
  const std::string page = fmt::format("{}/{}/", origin, language);
  http::FeedWriter feed(language);
  feed.element("title", messages.text(language, "status.title"));
  feed.element("id", page);
  feed.link({.relation = "self", .type = http::kAtomType, .href = page + "feed.atom"});
  feed.link({.relation = "alternate", .type = "text/html", .href = page});
  feed.element("updated", to_rfc3339(newest));
  feed.author(estate.title.find(language)->second);
  for (const StatusIncident& incident : view.incidents) {
    std::string content;
    for (auto update = incident.updates.rbegin(); update != incident.updates.rend(); ++update) {
      content += fmt::format("<p>{} {}</p>", time_element(update->time),
                             escape_html(sentence(*update, estate, messages, language)));
    }
    const WallTime updated =
        incident.updates.empty() ? incident.opened : incident.updates.back().time;
    feed.begin_entry();
    feed.element("title", messages.text(language, "status.incident") + " " + incident.id);
    feed.element("id", fmt::format("{}/incidents/{}", origin, incident.id));
    feed.link({.relation = "alternate", .type = "text/html", .href = page + "#" + incident.id});
    feed.element("published", to_rfc3339(incident.opened));
    feed.element("updated", to_rfc3339(updated));
    feed.content("html", content);
    feed.end_entry();
  }
  return std::move(feed).finish();
}

namespace {

json::Object incident_json(const StatusIncident& incident, const Estate& estate,
                           const Messages& messages, const std::string& origin) {
  json::Array updates;
  for (auto update = incident.updates.rbegin(); update != incident.updates.rend(); ++update) {
    updates.push_back(json::Object{{"status", statuspage_word(update->step)},
                                   {"body", sentence(*update, estate, messages, "en")},
                                   {"created_at", to_rfc3339(update->time)},
                                   {"incident_id", incident.id}});
  }
  const std::string_view word =
      incident.updates.empty() ? "investigating" : statuspage_word(incident.updates.back().step);
  const WallTime updated =
      incident.updates.empty() ? incident.opened : incident.updates.back().time;
  return json::Object{{"id", incident.id},
                      {"name", fmt::format("Incident {}", incident.id)},
                      {"status", word},
                      {"impact", "major"},
                      {"created_at", to_rfc3339(incident.opened)},
                      {"updated_at", to_rfc3339(updated)},
                      {"shortlink", fmt::format("{}/en/#{}", origin, incident.id)},
                      {"incident_updates", std::move(updates)}};
}

}  // namespace

std::string status_summary(const StatusView& view, const Estate& estate, const Messages& messages) {
  const std::string origin = estate.https_origin(estate.status_host());
  json::Array components;
  std::size_t out_of_order = 0;
  int position = 0;
  for (const ServiceStatus& service : view.services) {
    const ServiceConfig* config = estate.find(service.name);
    if (!config) continue;
    const ComponentState state = component_state(service);
    if (state != ComponentState::operational) ++out_of_order;
    components.push_back(json::Object{{"id", service.name},
                                      {"name", config->title.find("en")->second},
                                      {"status", name_of(state)},
                                      {"updated_at", to_rfc3339(service.since)},
                                      {"position", ++position},
                                      {"exposure", name_of(service.exposure)}});
  }
  json::Array open;
  for (const StatusIncident& incident : view.incidents) {
    if (is_open(incident)) open.push_back(incident_json(incident, estate, messages, origin));
  }
  const bool all_out = out_of_order == view.services.size() && out_of_order > 0;
  const std::string_view indicator = out_of_order == 0 ? "none" : all_out ? "critical" : "major";
  return json::write(
      json::Object{{"page", json::Object{{"id", estate.name},
                                         {"name", estate.title.find("en")->second},
                                         {"url", origin},
                                         {"time_zone", "Etc/UTC"},
                                         {"updated_at", to_rfc3339(view.now)}}},
                   {"status",
                    json::Object{{"indicator", indicator},
                                 {"description",
                                  messages.text("en", out_of_order == 0 ? "status.all_operational"
                                                                        : "status.some_trouble")}}},
                   {"components", std::move(components)},
                   {"incidents", std::move(open)},
                   {"scheduled_maintenances", json::Array{}}},
      json::Layout::indented);
}

}  // namespace bulkhead::supervisor
