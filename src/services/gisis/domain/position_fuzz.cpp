#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "services/gisis/domain/position.h"

// What is accepted lies on the earth, and what we show of it is accepted again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::gisis;
  const auto text = bulkhead::as_text({data, size});
  for (const Axis axis : {Axis::latitude, Axis::longitude}) {
    const auto degrees = parse_angle(text, axis);
    if (!degrees) continue;
    const double most = axis == Axis::latitude ? 90 : 180;
    CHECK(*degrees >= -most && *degrees <= most);
    CHECK(parse_angle(format_angle(*degrees, axis), axis));
  }
  if (const auto position = parse_position(text)) {
    CHECK(parse_position(format_position(*position)));
  }
  return 0;
}
