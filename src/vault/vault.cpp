#include "vault/vault.h"

#include <unistd.h>

#include "base/log.h"
#include "http/files.h"

namespace bulkhead::vault {
namespace {

using http::Method;
using http::Request;
using http::Response;
using storage::FileType;

constexpr std::string_view kListVersion1 = "application/vnd.x.restic.rest.v1";
constexpr std::string_view kListVersion2 = "application/vnd.x.restic.rest.v2";

// restic tries again after most refusals; these statuses tell it not to (docs/formats/vault.md).
Response refusal(const Error& error, const Request& request) {
  switch (error.kind()) {
    case ErrorKind::conflict: return http::problem(403, error.message(), request);
    case ErrorKind::limit: return http::problem(507, error.message(), request);
    default: return http::problem(error, request);
  }
}

// The protocol knows success by the status 200 alone.
Response done() { return Response::text(""); }

TransferKey key_of(const Vault::Transaction& on) {
  return {on.access.user, on.path.repository, *on.path.type};
}

Response unknown_method(const Request& request, std::string allow) {
  Response response = http::problem(405, "the REST protocol has no such request", request);
  response.headers.set("Allow", std::move(allow));
  return response;
}

}  // namespace

namespace {

// Two elements deep at most; the folders of a repository's own layout are no names.
Result<std::vector<std::string>> repositories_in(const Path& data) {
  std::vector<std::string> names;
  std::error_code code;
  std::filesystem::recursive_directory_iterator entries(data, code);
  if (code) return fail_errno(code.value(), data.native());
  if (RepositoryStore::is_at(data)) names.emplace_back();
  while (entries != std::filesystem::recursive_directory_iterator()) {
    const std::string name = entries->path().lexically_relative(data).native();
    const bool may_be = is_repository_name(name) && entries->is_directory(code);
    if (may_be && RepositoryStore::is_at(entries->path())) names.push_back(name);
    const bool deepest = entries.depth() + 1 >= static_cast<int>(kRepositoryDepthMax);
    if (!may_be || deepest) entries.disable_recursion_pending();
    entries.increment(code);
    if (code) return fail_errno(code.value(), data.native());
  }
  return names;
}

}  // namespace

Vault::Vault(Configuration configuration, const Clock& clock, FileLayer& files)
    : configuration_(std::move(configuration)),
      usage_({.bytes = configuration_.size_max}),
      surroundings_{clock, files, usage_},
      credentials_(configuration_.credentials) {}

Result<void> Vault::start() {
  TRY(credentials_.load());
  TRY(make_directories(configuration_.data, 0700));
  // All of them now: quotas of the whole vault and everything that runs in the background need
  // them, and none is then opened while a client waits.
  for (const std::string& name : TRY(repositories_in(configuration_.data))) {
    TRY_CONTEXT(find_store(name), "repository " + name);
  }
  return {};
}

Result<RepositoryStore*> Vault::find_store(const std::string& repository) {
  return stores_.with([&](Stores& stores) -> Result<RepositoryStore*> {
    const auto found = stores.find(repository);
    if (found != stores.end()) return found->second.get();
    auto store = std::make_unique<RepositoryStore>(
        configuration_.data / repository, configuration_.policy_of(repository), surroundings_);
    if (!store->exists()) return fail(ErrorKind::not_found, "there is no repository here");
    TRY(store->open());
    return stores.emplace(repository, std::move(store)).first->second.get();
  });
}

Result<RepositoryStore*> Vault::create_store(const std::string& repository) {
  // Under the lock, so that of two requests at once one creates and the other finds.
  TRY(stores_.with([&](Stores&) {
    return RepositoryStore(configuration_.data / repository, configuration_.policy_of(repository),
                           surroundings_)
        .create();
  }));
  return find_store(repository);
}

Response Vault::handle(Request& request) {
  const auto access = credentials_.authenticate(
      {request.headers.find("Authorization"), request.client_certificate});
  Response response;
  if (request.path == "/metrics" && shows_metrics(access.has_value())) {
    return metrics();
  }
  if (!access) {
    response = http::problem(401, access.error().message(), request);
    response.headers.set("WWW-Authenticate", "Basic realm=\"bulkhead-vault\", charset=\"UTF-8\"");
  } else {
    response = dispatch(request, *access);
  }
  // A missing file is no refusal: restic asks whether there is a config before it makes one.
  if (response.status >= 400 && response.status != 404) {
    metrics_.count_refusal(response.status);
    log::warning("refused", {{"request_id", request.request_id},
                             {"client", request.client_address},
                             {"method", std::string(name_of(request.method))},
                             {"path", request.path},
                             {"status", std::to_string(response.status)}});
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
  const auto found = find_store(path.repository);
  if (!found) return refusal(found.error(), request);
  RepositoryStore& store = **found;
  const std::uint64_t announced = request.body->announced_length().value_or(0);
  if (const auto wait = store.rate_limit().take(announced)) {
    Response response = http::problem(429, "this repository's rate is used up; wait", request);
    response.headers.set("Retry-After", std::to_string(wait->count()));
    return response;
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
  if (request.method != Method::post || request.query.get("create") != "true") {
    return unknown_method(request, "POST");
  }
  const auto store = create_store(path.repository);
  if (!store) return refusal(store.error(), request);
  log::info("repository created",
            {{"repository", path.repository}, {"client", request.client_address}});
  return done();
}

Response Vault::handle_list(Request& request, const RequestPath& path, RepositoryStore& store) {
  if (request.method != Method::get && request.method != Method::head) {
    return unknown_method(request, "GET, HEAD");
  }
  const auto files = store.list(*path.type);
  if (!files) return refusal(files.error(), request);
  const bool version_2 = request.headers.find("Accept") == kListVersion2;
  json::Array list;
  for (const storage::FileInfo& file : *files) {
    if (version_2) {
      list.push_back(json::Object{{"name", file.name}, {"size", file.size}});
    } else {
      list.push_back(file.name);
    }
  }
  Response response = Response::json(std::move(list));
  response.headers.set("Content-Type", std::string(version_2 ? kListVersion2 : kListVersion1));
  return response;
}

Response Vault::save(const Transaction& on) {
  const auto length = on.request.body->announced_length();
  if (!length) return http::problem(411, "a file comes with its length", on.request);
  const Upload upload{
      .id = {*on.path.type, on.path.name},
      .announced_size = *length,
      .source = [&](MutableByteView out) { return on.request.body->read(out); },
      .client = on.request.client_address,
  };
  const auto outcome = on.store.save(upload);
  if (!outcome) {
    log::warning("not stored", {{"repository", on.path.repository},
                                {"request_id", on.request.request_id},
                                {"error", outcome.error().message()}});
    return refusal(outcome.error(), on.request);
  }
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
  if (*on.path.type != FileType::lock) {
    return http::problem(403, "the vault only takes in: nothing but locks is deleted", on.request);
  }
  if (const auto removed = on.store.remove_lock(on.path.name); !removed) {
    return refusal(removed.error(), on.request);
  }
  metrics_.count(Transfer::removed, key_of(on), 0);
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
  std::vector<RepositoryGauges> gauges;
  stores_.with([&](const Stores& stores) {
    for (const auto& [name, store] : stores) gauges.push_back({name, store->usage()});
  });
  Response response = Response::text(metrics_.write(gauges));
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  return response;
}

Response Vault::handle_local(Request& request) {
  if (request.path == "/livez") return Response::text("ok\n");
  if (request.path == "/metrics") return metrics();
  if (request.path == "/readyz") {
    const bool writable = ::access(configuration_.data.c_str(), W_OK | X_OK) == 0;
    return Response::json(json::Object{{"ready", writable}}, writable ? 200 : 503);
  }
  return http::problem(Error(ErrorKind::not_found, "there is nothing here"), request);
}

}  // namespace bulkhead::vault
