// What every service shares: command line, readiness, metrics, audit, quiesce, languages, page
// frame and the start and end of its life. A service's main() is:
//
//   int main(int argc, char** argv) {
//     return bulkhead::service::run(argc, argv, "website", [](Context& context, Router& router) {
//       … add routes; answer an Error if the service cannot start …
//     });
//   }
//
// Command line (the service contract): --socket PATH --data DIR --config FILE --audit-socket PATH.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "http/router.h"
#include "json/value.h"

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
  Path data;         // the one writable folder
  Path config_file;  // this service's own TOML file; empty if none was given
  Clock& clock;
  Random& random;
  Audit& audit;
  // Filled in by the service before it answers: /readyz is 200 only when all of them are.
  std::vector<std::pair<std::string, std::function<Result<void>()>>> readiness_checks;
  // Leaves a consistent copy of the data for the backup (POST /quiesce); none: nothing to do.
  std::function<Result<void>()> quiesce;
  // Verifies stored data (GET /integrity in the clean room): database integrity, files readable.
  std::function<Result<void>()> integrity_check;
  // True while the gateway exposes the service read-only: forms are then refused and not shown.
  static bool is_read_only(const http::Request& request);
};

using Setup = std::function<Result<void>(Context&, http::Router&)>;
int run(int argc, char** argv, std::string_view name, const Setup& setup);

}  // namespace bulkhead::service
