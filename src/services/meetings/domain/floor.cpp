#include "services/meetings/domain/floor.h"

namespace bulkhead::services::meetings {

Floor::Floor(std::chrono::milliseconds beat) : beat_("floor", beat, [this] { ++count_; }) {}

}  // namespace bulkhead::services::meetings
