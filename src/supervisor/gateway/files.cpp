#include "supervisor/gateway/files.h"

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "crypto/signing_key.h"
#include "supervisor/embedded.h"
#include "supervisor/gateway/configuration.h"
#include "supervisor/gateway/gateway_user.h"
#include "supervisor/gateway/pages.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kMapSizeMax = 1 << 20;
constexpr std::size_t kGatewayFileSizeMax = 1 << 20;
constexpr std::size_t kKeySizeMax = 16 * 1024;

// A start finds most of its files as they should be; writing them again would only wear the disk
// and make the start slower.
Result<void> write_where_different(const Path& path, std::string_view content) {
  const auto present = read_text_file(path, kGatewayFileSizeMax);
  if (present && *present == content) return {};
  return write_file_atomic(path, as_bytes(content));
}

Result<void> write_pages(const Estate& estate, const Path& folder, const Messages& messages) {
  TRY(make_directories(folder));
  for (const GatewayPage& page : kGatewayPages) {
    TRY(write_where_different(folder / fmt::format("{}.json", page.name),
                              gateway_problem(page, messages, estate)));
    for (const std::string_view language : kLanguages) {
      TRY(write_where_different(folder / fmt::format("{}.{}.html", page.name, language),
                                gateway_page(page, language, messages, estate)));
    }
  }
  for (const int status : {400, 408, 500, 502, 503, 504}) {
    const std::string_view wanted = status == 400 || status == 408 ? "bad-request" : "unavailable";
    for (const GatewayPage& page : kGatewayPages) {
      if (page.name != wanted) continue;
      TRY(write_where_different(folder / fmt::format("error.{}.http", status),
                                gateway_error_message(status, page, messages, estate)));
    }
  }
  return {};
}

Result<void> write_embedded(std::string_view name, const Path& to) {
  const EmbeddedFile* file = find_embedded(embedded_files(), name);
  CHECK(file != nullptr);
  return write_where_different(to, file->content);
}

}  // namespace

Result<void> write_gateway_files(const Estate& estate, const Layout& layout,
                                 const Messages& messages) {
  TRY(make_directories(layout.gateway()));
  TRY(write_pages(estate, layout.gateway() / "pages", messages));
  TRY(write_embedded("gateway/gateway.css", layout.gateway() / "gateway.css"));
  TRY(write_embedded("gateway/status.lua", layout.gateway() / "status.lua"));
  TRY(make_directories(layout.run(), 0700));
  TRY(make_directories(layout.status_pages()));
  TRY(write_embedded("gateway/gateway.css", layout.status_pages() / "gateway.css"));
  TRY(write_where_different(layout.folder() / kHostsMap, hosts_map(estate)));
  TRY(write_where_different(layout.folder() / kCleanroomMap, cleanroom_map(estate)));
  const std::string pem = TRY(read_text_file(layout.pass_key(), kKeySizeMax));
  const auto pass_key = TRY_CONTEXT(crypto::SigningKey::from_pem(pem), layout.pass_key().native());
  const std::string public_pem = TRY(pass_key.public_pem());
  TRY(write_where_different(layout.pass_public_key(), public_pem));
  const ExposureByService exposures = TRY(read_exposures(estate, layout));
  TRY(write_exposures(exposures, layout));
  const auto user = gateway_user(layout);
  if (user) TRY(open_folders_to(*user, layout));
  return write_where_different(layout.gateway() / "haproxy.cfg",
                               haproxy_configuration(estate, user));
}

Result<ExposureByService> read_exposures(const Estate& estate, const Layout& layout) {
  ExposureByService out;
  for (const ServiceConfig& service : estate.services) out[service.name] = service.exposure;
  const auto text = read_text_file(layout.folder() / kExposureMap, kMapSizeMax);
  if (!text) {
    if (text.error().kind() == ErrorKind::not_found) return out;
    return std::unexpected(text.error());
  }
  for (const std::string_view line : split(*text, '\n')) {
    if (trim(line).empty()) continue;
    const auto pair = split_once(trim(line), ' ');
    const auto known = out.find(pair ? pair->first : trim(line));
    if (known == out.end()) continue;
    known->second = exposure_from(pair ? pair->second : "").value_or(Exposure::sealed);
  }
  return out;
}

Result<void> write_exposures(const ExposureByService& exposures, const Layout& layout) {
  std::string text;
  for (const auto& [service, exposure] : exposures) {
    text += fmt::format("{} {}\n", service, name_of(exposure));
  }
  return write_file_atomic(layout.folder() / kExposureMap, as_bytes(text));
}

}  // namespace bulkhead::supervisor
