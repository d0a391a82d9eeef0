#include "service/internal/instance.h"

#include <exception>

#include "base/log.h"
#include "service/internal/security_headers.h"

namespace bulkhead::service::internal {
namespace {

using Check = std::pair<std::string, std::function<Result<void>()>>;

Result<void> run_check(const std::function<Result<void>()>& check) {
  try {
    return check();
  } catch (const std::exception& error) {
    return fail(ErrorKind::internal, error.what());
  }
}

// organisation = "…" for all languages alike, or [site.organisation] with each of the six.
Result<std::map<Language, std::string>> read_organisation(const config::Table& site) {
  std::map<Language, std::string> names;
  const auto one = site.string("organisation");
  if (one) {
    for (const Language language : kLanguages) names[language] = *one;
    return names;
  }
  const config::Table each = TRY(site.table("organisation"));
  for (const Language language : kLanguages) {
    names[language] = TRY(each.string(code_of(language)));
  }
  return names;
}

Result<SiteOptions> read_site_options(const config::Table& root, const Definition& definition) {
  SiteOptions options{.service = definition.name, .files = definition.files};
  const auto site = TRY(root.optional_table("site"));
  if (!site) return options;
  if (site->has("organisation")) options.organisation = TRY(read_organisation(*site));
  options.status_url = TRY(site->string("status_url", ""));
  for (const config::Table& link : TRY(site->tables("footer_links"))) {
    options.footer_links.push_back({TRY(link.string("text")), TRY(link.string("href"))});
  }
  return options;
}

bool is_probe(const http::Request& request) {
  return request.path == "/livez" || request.path == "/readyz" || request.path == "/metrics";
}

// Patterns of routes only: a path would let a visitor make any number of metrics.
std::string_view route_label(const http::Request& request, const http::Response& response) {
  if (!request.route.empty()) return request.route;
  return response.status == 404 ? "not found" : "other";
}

}  // namespace

Instance::Instance(InstanceOptions options)
    : options_(std::move(options)),
      router_(std::make_unique<http::Router>()),
      metrics_(options_.definition.name) {}

Result<std::unique_ptr<Instance>> Instance::start(InstanceOptions options, const Setup& setup) {
  auto instance = std::unique_ptr<Instance>(new Instance(std::move(options)));
  TRY(instance->set_up(setup));
  return instance;
}

Result<void> Instance::set_up(const Setup& setup) {
  const config::Table root = options_.configuration.root();
  SiteOptions site_options = TRY(read_site_options(root, options_.definition));
  site_options.form_key = TRY(load_or_create_form_key(options_.data, options_.random));
  site_ = TRY(Site::create(*router_, options_.clock, options_.random, std::move(site_options)));
  pages_ = static_cast<const ServiceSite*>(site_.get());
  context_.reset(new Context{.name = options_.definition.name,
                             .data = options_.data,
                             .configuration = root,
                             .clock = options_.clock,
                             .random = options_.random,
                             .audit = options_.audit,
                             .site = *site_});
  add_kit_routes();
  TRY(setup(*context_, *router_));
  TRY(options_.configuration.refuse_unknown_keys());
  router_->set_error_page([this](const Error& error, http::Request& request) {
    return pages_->error_page(http::status_of(error.kind()), error, request);
  });
  return {};
}

void Instance::add_kit_routes() {
  router_->get("/livez", [](http::Request&) { return http::Response::text("alive\n"); });
  router_->get("/readyz", [this](http::Request& request) { return readiness(request); });
  router_->get("/metrics", [this](http::Request&) {
    const AuditCounts audit = options_.audit_counts();
    http::Response response = http::Response::text(metrics_.text(audit.sent, audit.dropped));
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return response;
  });
  router_->post("/quiesce", [this](http::Request& request) { return quiesce(request); });
  router_->get("/integrity", [this](http::Request& request) { return integrity(request); });
  router_->get("/assets/{name...}", [this](http::Request& request) {
    auto response = pages_->assets().serve(request.path_values["name"]);
    return response ? std::move(*response) : pages_->error_page(404, response.error(), request);
  });
}

http::Response Instance::readiness(http::Request&) const {
  json::Object checks;
  bool ready = !stopping_;
  if (stopping_) checks.set("stopping", "the service is stopping");
  for (const Check& check : context_->readiness_checks) {
    const Result<void> result = run_check(check.second);
    checks.set(check.first, result ? std::string("ok") : result.error().message());
    ready = ready && result.has_value();
  }
  return http::Response::json(json::Object{{"ready", ready}, {"checks", std::move(checks)}},
                              ready ? 200 : 503);
}

http::Response Instance::quiesce(http::Request& request) {
  const std::lock_guard one_at_a_time(quiesce_lock_);
  const auto work = [&]() -> Result<void> {
    TRY(remove_tree(options_.data / ".quiesced"));
    if (context_->quiesce) TRY(run_check(context_->quiesce));
    return {};
  };
  if (const Result<void> result = work(); !result) {
    log::error("quiesce failed", {{"error", result.error().message()}});
    return http::problem(result.error(), request);
  }
  return http::Response::json(json::Object{{"quiesced", true}});
}

http::Response Instance::integrity(http::Request&) const {
  Result<void> result;
  if (context_->integrity_check) result = run_check(context_->integrity_check);
  if (result) return http::Response::json(json::Object{{"intact", true}});
  // Only operators ask, over the Unix socket: they are told all of it.
  return http::Response::json(
      json::Object{{"intact", false}, {"problem", result.error().message()}}, 500);
}

http::Response Instance::answer(http::Request& request) const {
  try {
    http::Response response = router_->handle(request);
    if (response.status != 405) return response;
    // The router's answer says which methods there are; the page is ours.
    const Error error(ErrorKind::denied, "this method is not possible here");
    http::Response page = pages_->error_page(405, error, request);
    page.status = 405;
    if (const auto allow = response.headers.find("Allow"))
      page.headers.set("Allow", std::string(*allow));
    return page;
  } catch (const std::exception& error) {
    return pages_->error_page(500, Error(ErrorKind::internal, error.what()), request);
  }
}

http::Response Instance::handle(http::Request& request) {
  const SteadyTime begin = options_.clock.steady_now();
  http::Response response = answer(request);
  add_security_headers(response);
  const auto duration = options_.clock.steady_now() - begin;
  metrics_.record(route_label(request, response), http::name_of(request.method), response.status,
                  duration);
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  // Probes come several times a second and say nothing about visitors.
  const log::Level level = is_probe(request) ? log::Level::debug : log::Level::info;
  log::write(level, "request",
             {{"request_id", request.request_id},
              {"client_address", request.client_address},
              {"method", std::string(http::name_of(request.method))},
              {"target", request.raw_target},
              {"status", std::to_string(response.status)},
              {"duration_us", std::to_string(microseconds)}});
  return response;
}

}  // namespace bulkhead::service::internal
