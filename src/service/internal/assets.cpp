#include "service/internal/assets.h"

#include <sodium.h>

#include "base/bytes.h"
#include "base/check.h"

namespace bulkhead::web {
std::span<const EmbeddedFile> embedded_files();
}  // namespace bulkhead::web

namespace bulkhead::service::internal {
namespace {

// Enough to tell versions apart; nothing relies on it being hard to forge.
constexpr std::size_t kHashBytes = 6;

std::string hash_of(std::string_view content) {
  Bytes hash(crypto_hash_sha256_BYTES);
  const ByteView bytes = as_bytes(content);
  crypto_hash_sha256(hash.data(), bytes.data(), bytes.size());
  hash.resize(kHashBytes);
  return to_hex(hash);
}

std::string_view type_of(std::string_view name) {
  if (name.ends_with(".css")) return "text/css; charset=utf-8";
  if (name.ends_with(".js")) return "text/javascript; charset=utf-8";
  if (name.ends_with(".woff2")) return "font/woff2";
  if (name.ends_with(".svg")) return "image/svg+xml";
  return "application/octet-stream";
}

// Fonts are named by the stylesheet, so their names carry their version already.
bool is_named_by_version(std::string_view name) { return name.ends_with(".woff2"); }

}  // namespace

Assets::Assets(std::span<const EmbeddedFile> files) {
  for (const EmbeddedFile& file : files) {
    std::string hashed(file.name);
    const std::size_t dot = hashed.rfind('.');
    if (!is_named_by_version(file.name) && dot != std::string::npos) {
      hashed.insert(dot, "." + hash_of(file.content));
    }
    contents_[hashed] = file.content;
    hashed_names_[std::string(file.name)] = std::move(hashed);
  }
}

std::string Assets::path_of(std::string_view name) const {
  const auto found = hashed_names_.find(name);
  CHECK(found != hashed_names_.end());
  return "/assets/" + found->second;
}

Result<http::Response> Assets::serve(std::string_view name) const {
  const auto found = contents_.find(name);
  if (found == contents_.end()) {
    return fail(ErrorKind::not_found, "there is no asset named " + std::string(name));
  }
  http::Response response;
  response.headers.set("Content-Type", std::string(type_of(name)));
  response.headers.set("Cache-Control", "public, max-age=31536000, immutable");
  response.body = std::string(found->second);
  return response;
}

std::span<const EmbeddedFile> built_assets() { return web::embedded_files(); }

}  // namespace bulkhead::service::internal
