// Whatever the file holds, the parser answers an estate or an error that names the file.
#include <cstdint>

#include "base/check.h"
#include "supervisor/estate/estate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  const auto estate = supervisor::parse_estate(as_text({data, size}), "estate.toml");
  if (!estate) {
    CHECK(estate.error().message().starts_with("estate.toml"));
    return 0;
  }
  // What the rest relies upon.
  CHECK(!estate->services.empty());
  CHECK(estate->services.size() <= supervisor::kServicesMax);
  for (const auto& service : estate->services) CHECK(estate->find(service.name) != nullptr);
  return 0;
}
