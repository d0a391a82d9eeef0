#include "vault/rebuild.h"

#include <fmt/format.h>

#include "vault/oversight.h"

namespace bulkhead::vault {

Result<void> rebuild(const RebuildOptions& options) {
  std::optional<WallTime> before;
  if (!options.before.empty()) {
    before = TRY_CONTEXT(from_rfc3339(options.before), "--before");
  }
  const Configuration configuration = TRY(read_configuration(options.configuration));
  const SystemClock clock;
  TRY(make_directories(configuration.data, 0700));
  const auto oversight = TRY(Oversight::open(configuration, clock, system_files()));
  std::uint64_t lost = 0;
  for (const std::string& name : options.repositories) {
    const RebuildReport report = TRY_CONTEXT(oversight->rebuild(name, before), name);
    fmt::print("{}: {} files ({} bytes) brought back, {} were there, {} left out, {} lost\n", name,
               report.brought_back, report.bytes, report.there, report.left_out, report.lost);
    lost += report.lost;
  }
  if (lost == 0) return {};
  return fail(
      ErrorKind::corrupt,
      fmt::format("of {} files no version in the object store is whole; the log names them", lost));
}

}  // namespace bulkhead::vault
