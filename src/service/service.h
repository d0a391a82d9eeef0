// What every service shares: command line, readiness, metrics, audit, quiesce, languages, page
// frame and the start and end of its life. A service's main() is:
//
//   int main(int argc, char** argv) {
//     return bulkhead::service::run(argc, argv, {"website",
//     bulkhead::services::website::embedded_files()},
//                                   [](Context& context, http::Router& router) -> Result<void> {
//       … add routes; answer an Error if the service cannot start …
//     });
//   }
//
// Command line (docs/service-contract.md): --socket PATH --data DIR --config FILE --audit-socket
// PATH. What the kit adds by itself: /livez /readyz /metrics /quiesce /integrity, / (to the
// visitor's language), /assets/…, error pages, security headers, access log.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/embedded.h"
#include "base/file.h"
#include "base/random.h"
#include "config/document.h"
#include "http/router.h"
#include "json/value.h"
#include "service/site.h"

namespace bulkhead::service {

enum class Outcome { success, refused, failed };

// Thread-safe. Never blocks a request: what the socket does not take is counted and dropped.
class Audit {
 public:
  virtual ~Audit() = default;
  // `action` is a verb with its object: "import.ships", "document.download".
  virtual void record(const http::Request& request, std::string_view action, Outcome outcome,
                      json::Object details = {}) = 0;
};

struct Context {
  std::string name;
  Path data;  // the one writable folder
  // The service's own TOML file (--config), or an empty table. The kit reads [site] of it; a key
  // that nobody has read when set-up ends stops the start.
  config::Table configuration;
  Clock& clock;
  Random& random;
  Audit& audit;
  Site& site;
  // Filled in by the service during set-up: /readyz is 200 only when all of them are.
  std::vector<std::pair<std::string, std::function<Result<void>()>>> readiness_checks;
  // Leaves a consistent copy of each database for the backup (POST /quiesce), as
  // data/".quiesced"/FILE; none: nothing to do.
  std::function<Result<void>()> quiesce;
  // Verifies stored data (GET /integrity in the clean room): database integrity, files readable.
  std::function<Result<void>()> integrity_check;

  // data/".quiesced"/file, with its folder made: where quiesce copies a database to.
  Result<Path> quiesced_file(std::string_view file) const;
  // True while the gateway exposes the service read-only: forms are then refused and not shown.
  static bool is_read_only(const http::Request& request);
};

// files: messages/<code>.toml for the six languages, with `service.name` and `service.tagline`,
// and templates/<name>.mustache (cmake/bulkhead_embed.cmake).
struct Definition {
  std::string name;
  std::span<const EmbeddedFile> files;
};

using Setup = std::function<Result<void>(Context&, http::Router&)>;
int run(int argc, char** argv, const Definition& definition, const Setup& setup);

}  // namespace bulkhead::service
