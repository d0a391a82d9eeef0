#include "vault/vault.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/log.h"
#include "http/files.h"
#include "vault/gauges.h"
#include "vault/status_page.h"

namespace bulkhead::vault {
namespace {

using http::Method;
using http::Request;
using http::Response;
using storage::FileType;

constexpr std::string_view kListVersion1 = "application/vnd.x.restic.rest.v1";
constexpr std::string_view kListVersion2 = "application/vnd.x.restic.rest.v2";

// The vault's own requests: no repository's name begins with a dot.
constexpr std::string_view kOwnPrefix = "/.vault/";
constexpr std::string_view kWitnessPrefix = "/.vault/witness/";
constexpr std::uint64_t kOrdersPerSecond = 5;

// restic tries again after most refusals; these statuses tell it not to (docs/formats/vault.md).
Response refusal(const Error& error, const Request& request) {
  switch (error.kind()) {
    case ErrorKind::conflict: return http::problem(403, error.message(), request);
    case ErrorKind::limit: return http::problem(507, error.message(), request);
    default: return http::problem(error, request);
  }
}

// What a refusal told the client, for the log.
std::string detail_of(const Response& response) {
  const auto problem = json::parse(response.body);
  const std::string* detail = problem ? (*problem)["detail"].string() : nullptr;
  return detail != nullptr ? *detail : "";
}

// A missing file is no refusal: restic asks whether there is a config before it makes one. A name
// that is none, and a file for a repository that is not there, are.
bool is_missing_file(const Request& request, const Response& response) {
  return response.status == 404 &&
         (request.method == Method::get || request.method == Method::head) &&
         parse_request_path(request.path, RootRepository::yes).has_value();
}

// The protocol knows success by the status 200 alone.
Response done() { return Response::text(""); }

TransferKey key_of(const Vault::Transaction& on) {
  return {on.access.user, on.path.repository, *on.path.type};
}

Response too_fast(const Request& request, std::chrono::seconds wait) {
  Response response = http::problem(429, "the rate is used up; wait", request);
  response.headers.set("Retry-After", std::to_string(wait.count()));
  return response;
}

Response no_credential(const Request& request, const Error& error) {
  Response response = http::problem(401, error.message(), request);
  response.headers.set("WWW-Authenticate", "Basic realm=\"bulkhead-vault\", charset=\"UTF-8\"");
  return response;
}

Response unknown_method(const Request& request, std::string allow) {
  Response response = http::problem(405, "the REST protocol has no such request", request);
  response.headers.set("Allow", std::move(allow));
  return response;
}

}  // namespace

Vault::Vault(Configuration configuration, const Clock& clock, FileLayer& files,
             Oversight::OpenCopies open_copies)
    : configuration_(std::move(configuration)),
      clock_(clock),
      files_(files),
      open_copies_(std::move(open_copies)),
      order_rate_({.requests = kOrdersPerSecond, .bytes = 0}, clock),
      workers_(configuration_.threads),
      credentials_(configuration_.credentials) {}

Result<void> Vault::start() {
  TRY(credentials_.load());
  TRY(make_directories(configuration_.data, 0700));
  oversight_ = TRY(Oversight::open(configuration_, clock_, files_, open_copies_));
  if (configuration_.witness.empty()) return {};
  witness_ = TRY(WitnessHost::open(
      configuration_.witness, clock_, random_,
      [this](const std::string& text) { oversight_->raise(AlarmKind::ledger_changed, text); }));
  return {};
}

Response Vault::handle(Request& request) {
  const auto access = credentials_.authenticate(
      {request.headers.find("Authorization"), request.client_certificate});
  Response response;
  if (request.path == "/metrics" && shows_metrics(access.has_value())) {
    return metrics();
  }
  if (witness_ && request.path.starts_with(kWitnessPrefix)) {
    response = handle_witness(request, access);
  } else if (request.path.starts_with(kOwnPrefix)) {
    response = handle_own(request, Listener::network);
  } else if (!access) {
    response = no_credential(request, access.error());
  } else {
    response = dispatch(request, *access);
  }
  // What a witness knows is no refusal.
  if (response.status >= 400 && response.status != 409 && !is_missing_file(request, response)) {
    metrics_.count_refusal(response.status);
    log::warning("refused", {{"request_id", request.request_id},
                             {"client", request.client_address},
                             {"method", std::string(name_of(request.method))},
                             {"path", request.path},
                             {"status", std::to_string(response.status)},
                             {"why", detail_of(response)}});
  }
  return response;
}

Response Vault::dispatch(Request& request, const Access& access) {
  const auto parsed = parse_request_path(
      request.path, configuration_.root_repository ? RootRepository::yes : RootRepository::no);
  if (!parsed) return http::problem(parsed.error(), request);
  const RequestPath& path = *parsed;
  if (!access.opens(path.repository)) {
    return http::problem(403, "this credential is another repository's", request);
  }
  if (access.role == Role::read && request.method != Method::get &&
      request.method != Method::head) {
    return http::problem(403, "this credential may only read", request);
  }
  if (!path.type) return handle_repository(request, path);
  const auto found = repositories().find(path.repository);
  if (!found) return refusal(found.error(), request);
  RepositoryStore& store = **found;
  const std::uint64_t announced = request.body->announced_length().value_or(0);
  if (const auto wait = store.rate_limit().take(announced)) {
    return too_fast(request, *wait);
  }
  if (*path.type != FileType::config && path.name.empty()) {
    return handle_list(request, path, store);
  }
  const Transaction transaction{request, path, access, store};
  switch (request.method) {
    case Method::get:
    case Method::head: return load(transaction);
    case Method::post: return save(transaction);
    case Method::del: return remove(transaction);
    default: return unknown_method(request, "GET, HEAD, POST, DELETE");
  }
}

Response Vault::handle_repository(Request& request, const RequestPath& path) {
  if (request.method == Method::del) {
    return http::problem(403, "the vault does not delete repositories", request);
  }
  if (request.method != Method::post) return unknown_method(request, "POST");
  if (request.query.get("create") != "true") {
    return http::problem(400, "a repository is created with ?create=true", request);
  }
  const auto store = repositories().create(path.repository);
  if (!store) return refusal(store.error(), request);
  log::info("repository created",
            {{"repository", path.repository}, {"client", request.client_address}});
  return done();
}

Response Vault::handle_list(Request& request, const RequestPath& path, RepositoryStore& store) {
  if (request.method != Method::get && request.method != Method::head) {
    return unknown_method(request, "GET, HEAD");
  }
  const bool version_2 = request.headers.find("Accept") == kListVersion2;
  // Written as it is read: names have nothing to escape, and as values a list of a million of them
  // would take ten times the memory of its text.
  std::string text = "[";
  const auto visited = store.visit(*path.type, [&](const storage::FileInfo& file) {
    if (text.size() > 1) text += ',';
    if (version_2 && file.received) {
      // No part of the protocol, and passed over by who does not know it: what a snapshot says of
      // its time can be compared with it.
      fmt::format_to(std::back_inserter(text), R"({{"name":"{}","size":{},"received":"{}"}})",
                     file.name, file.size, to_rfc3339(*file.received));
    } else if (version_2) {
      fmt::format_to(std::back_inserter(text), R"({{"name":"{}","size":{}}})", file.name,
                     file.size);
    } else {
      fmt::format_to(std::back_inserter(text), R"("{}")", file.name);
    }
  });
  if (!visited) return refusal(visited.error(), request);
  text += ']';
  Response response;
  response.body = std::move(text);
  response.headers.set("Content-Type", std::string(version_2 ? kListVersion2 : kListVersion1));
  return response;
}

Response Vault::save(const Transaction& on) {
  const auto length = on.request.body->announced_length();
  if (!length) return http::problem(411, "a file comes with its length", on.request);
  const auto worker = workers_.take(on.path.repository);
  if (!worker) {
    Response response =
        http::problem(503, "too many uploads to this repository are under way; wait", on.request);
    response.headers.set("Retry-After", "1");
    return response;
  }
  const Upload upload{
      .id = {*on.path.type, on.path.name},
      .announced_size = *length,
      .source = [&](MutableByteView out) { return on.request.body->read(out); },
      .client = on.request.client_address,
  };
  const auto outcome = on.store.save(upload);
  if (!outcome) return refusal(outcome.error(), on.request);
  if (*outcome == SaveOutcome::stored) {
    metrics_.count(Transfer::received, key_of(on), *length);
  }
  return done();
}

Response Vault::load(const Transaction& on) {
  auto file = on.store.load({*on.path.type, on.path.name});
  if (!file) return refusal(file.error(), on.request);
  // The name says what the bytes are: it is the best of entity tags.
  const std::string tag = on.path.name.empty() ? "" : "\"" + on.path.name + "\"";
  auto response = http::serve_file(
      on.request, std::move(*file),
      {.content_type = "application/octet-stream", .entity_tag = tag, .cache_control = "no-store"});
  if (!response) return refusal(response.error(), on.request);
  if (on.request.method == Method::get && response->file) {
    metrics_.count(Transfer::sent, key_of(on), response->file->length);
  }
  return std::move(*response);
}

Response Vault::remove(const Transaction& on) {
  const bool is_lock = *on.path.type == FileType::lock;
  if (!is_lock && on.access.role != Role::administer) {
    return http::problem(403, "the vault only takes in: nothing but locks is deleted", on.request);
  }
  const auto removed = on.store.remove({*on.path.type, on.path.name});
  if (!removed) {
    // A client that did not see the answer asks again for what is gone.
    if (is_lock && removed.error().kind() == ErrorKind::not_found) return done();
    return refusal(removed.error(), on.request);
  }
  if (!is_lock) {
    log::info(
        "deleted",
        {{"repository", on.path.repository}, {"user", on.access.user}, {"path", on.request.path}});
  }
  metrics_.count(Transfer::removed, key_of(on), *removed);
  return done();
}

bool Vault::shows_metrics(bool authenticated) const {
  switch (configuration_.public_metrics) {
    case PublicMetrics::none: return false;
    case PublicMetrics::to_credentials: return authenticated;
    case PublicMetrics::to_all: return true;
  }
  return false;
}

Response Vault::metrics() {
  Response response = Response::text(metrics_.write() + write_gauges(*oversight_));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

Response Vault::take_order(Request& request) {
  // Anybody may send one, and each costs a signature's check.
  if (const auto wait = order_rate_.take(0)) return too_fast(request, *wait);
  const auto body = http::read_body(*request.body, kOrderSizeMax);
  if (!body) return http::problem(body.error(), request);
  const auto said = oversight_->take_order(as_text(*body));
  if (said) return Response::json(json::Object{{"done", *said}});
  const Error& error = said.error();
  // What cannot be parsed is the sender's mistake, not damage of ours.
  if (error.kind() == ErrorKind::corrupt) return http::problem(400, error.message(), request);
  return http::problem(error, request);
}

Response Vault::handle_witness(Request& request, const Result<Access>& access) {
  const std::string_view what = std::string_view(request.path).substr(kWitnessPrefix.size());
  if (WitnessHost::is_change(what)) {
    if (!access) return no_credential(request, access.error());
    if (access->role == Role::read) {
      return http::problem(403, "this credential may only read", request);
    }
  }
  return witness_->handle(request, what);
}

Response Vault::handle_own(Request& request, Listener listener) {
  const std::string_view what = std::string_view(request.path).substr(kOwnPrefix.size());
  if (what == "orders") {
    return request.method == Method::post ? take_order(request) : unknown_method(request, "POST");
  }
  if (request.method != Method::get && request.method != Method::head) {
    return unknown_method(request, "GET, HEAD");
  }
  if (what == "identity") {
    const auto frozen = oversight_->receive_clock().frozen();
    return Response::json(
        json::Object{{"vault", oversight_->orders().vault()},
                     {"time", to_rfc3339(oversight_->receive_clock().now())},
                     {"clock_freeze", frozen ? json::Value(frozen->id()) : json::Value()}});
  }
  if (what == "status" || what == "status.json" || what == "status.css") {
    // It shows all repositories, and a credential is for one.
    if (listener == Listener::network) {
      return http::problem(403, "the status is shown on the vault's local socket only", request);
    }
    if (what == "status.json") return Response::json(status_value(*oversight_));
    const bool is_style = what == "status.css";
    Response response =
        Response::html(is_style ? std::string(status_style()) : status_page(*oversight_));
    if (is_style) response.headers.set("Content-Type", "text/css; charset=utf-8");
    response.headers.set("Content-Security-Policy",
                         "default-src 'none'; style-src 'self'; frame-ancestors 'none'; "
                         "base-uri 'none'; form-action 'none'");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.headers.set("Cache-Control", "no-store");
    return response;
  }
  return http::problem(Error(ErrorKind::not_found, "there is nothing here"), request);
}

Response Vault::handle_local(Request& request) {
  if (request.path == "/livez") return Response::text("ok\n");
  if (request.path == "/metrics") return metrics();
  if (request.path == "/readyz") {
    const bool writable = ::access(configuration_.data.c_str(), W_OK | X_OK) == 0;
    return Response::json(json::Object{{"ready", writable}}, writable ? 200 : 503);
  }
  // Whoever reaches this socket runs as the vault's own user.
  if (request.path.starts_with(kOwnPrefix)) return handle_own(request, Listener::local);
  return http::problem(Error(ErrorKind::not_found, "there is nothing here"), request);
}

}  // namespace bulkhead::vault
