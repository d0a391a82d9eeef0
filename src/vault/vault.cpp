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

Response unknown_method(const Request& request, std::string allow) {
  Response response = http::problem(405, "the REST protocol has no such request", request);
  response.headers.set("Allow", std::move(allow));
  return response;
}

}  // namespace

Vault::Vault(Configuration configuration, const Clock& clock)
    : configuration_(std::move(configuration)),
      clock_(clock),
      credentials_(configuration_.credentials) {}

Result<void> Vault::start() {
  TRY(credentials_.load());
  return make_directories(configuration_.data, 0700);
}

Result<RepositoryStore*> Vault::find_store(const std::string& repository) {
  return stores_.with([&](Stores& stores) -> Result<RepositoryStore*> {
    const auto found = stores.find(repository);
    if (found != stores.end()) return found->second.get();
    auto store =
        std::make_unique<RepositoryStore>(configuration_.data / repository, configuration_, clock_);
    if (!store->exists()) return fail(ErrorKind::not_found, "there is no repository here");
    TRY(store->open());
    return stores.emplace(repository, std::move(store)).first->second.get();
  });
}

Result<RepositoryStore*> Vault::create_store(const std::string& repository) {
  // Under the lock, so that of two requests at once one creates and the other finds.
  TRY(stores_.with([&](Stores&) {
    return RepositoryStore(configuration_.data / repository, configuration_, clock_).create();
  }));
  return find_store(repository);
}

Response Vault::handle(Request& request) {
  const auto user = credentials_.authenticate(request.headers.find("Authorization"));
  Response response;
  if (!user) {
    response = http::problem(401, user.error().message(), request);
    response.headers.set("WWW-Authenticate", "Basic realm=\"bulkhead-vault\", charset=\"UTF-8\"");
  } else if (const auto path = parse_request_path(request.path); !path) {
    response = http::problem(path.error(), request);
  } else if (path->repository != *user) {
    response = http::problem(403, "this credential is another repository's", request);
  } else {
    response = dispatch(request, *path);
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

Response Vault::dispatch(Request& request, const RequestPath& path) {
  if (!path.type) return handle_repository(request, path);
  const auto store = find_store(path.repository);
  if (!store) return refusal(store.error(), request);
  if (*path.type != FileType::config && path.name.empty()) {
    return handle_list(request, path, **store);
  }
  switch (request.method) {
    case Method::get:
    case Method::head: return load(request, path, **store);
    case Method::post: return save(request, path, **store);
    case Method::del: return remove(request, path, **store);
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

Response Vault::save(Request& request, const RequestPath& path, RepositoryStore& store) {
  const auto length = request.body->announced_length();
  if (!length) return http::problem(411, "a file comes with its length", request);
  const Upload upload{
      .id = {*path.type, path.name},
      .announced_size = *length,
      .source = [&](MutableByteView out) { return request.body->read(out); },
      .client = request.client_address,
  };
  const auto outcome = store.save(upload);
  if (!outcome) {
    log::warning("not stored", {{"repository", path.repository},
                                {"request_id", request.request_id},
                                {"error", outcome.error().message()}});
    return refusal(outcome.error(), request);
  }
  if (*outcome == SaveOutcome::stored) {
    metrics_.count(Transfer::received, path.repository, *path.type, *length);
  }
  return done();
}

Response Vault::load(Request& request, const RequestPath& path, RepositoryStore& store) {
  auto file = store.load({*path.type, path.name});
  if (!file) return refusal(file.error(), request);
  // The name says what the bytes are: it is the best of entity tags.
  const std::string tag = path.name.empty() ? "" : "\"" + path.name + "\"";
  auto response = http::serve_file(
      request, std::move(*file),
      {.content_type = "application/octet-stream", .entity_tag = tag, .cache_control = "no-store"});
  if (!response) return refusal(response.error(), request);
  if (request.method == Method::get && response->file) {
    metrics_.count(Transfer::sent, path.repository, *path.type, response->file->length);
  }
  return std::move(*response);
}

Response Vault::remove(Request& request, const RequestPath& path, RepositoryStore& store) {
  if (*path.type != FileType::lock) {
    return http::problem(403, "the vault only takes in: nothing but locks is deleted", request);
  }
  if (const auto removed = store.remove_lock(path.name); !removed) {
    return refusal(removed.error(), request);
  }
  metrics_.count(Transfer::removed, path.repository, *path.type, 0);
  return done();
}

Response Vault::handle_local(Request& request) {
  if (request.path == "/livez") return Response::text("ok\n");
  if (request.path == "/metrics") {
    std::string text = metrics_.write() + "# TYPE bulkhead_vault_repository_bytes gauge\n";
    stores_.with([&](const Stores& stores) {
      for (const auto& [name, store] : stores) {
        text += "bulkhead_vault_repository_bytes{repository=\"" + name + "\"} " +
                std::to_string(store->size()) + "\n";
      }
    });
    Response response = Response::text(std::move(text));
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    return response;
  }
  if (request.path == "/readyz") {
    const bool writable = ::access(configuration_.data.c_str(), W_OK | X_OK) == 0;
    return Response::json(json::Object{{"ready", writable}}, writable ? 200 : 503);
  }
  return http::problem(Error(ErrorKind::not_found, "there is nothing here"), request);
}

}  // namespace bulkhead::vault
