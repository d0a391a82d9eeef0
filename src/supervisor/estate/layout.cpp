#include "supervisor/estate/layout.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::supervisor {

std::uint64_t generation_number(std::string_view generation) {
  if (!generation.starts_with('g')) return 0;
  return parse_u64(generation.substr(1)).value_or(0);
}

Path Layout::service_config(std::string_view service) const {
  return folder_ / "services" / fmt::format("{}.toml", service);
}

Path Layout::dataset(std::string_view service) const { return folder_ / "datasets" / service; }

Path Layout::generation(std::string_view service, std::string_view generation) const {
  return dataset(service) / generation;
}

Path Layout::current_generation(std::string_view service) const {
  return dataset(service) / "current";
}

Path Layout::socket_directory(std::string_view service, std::string_view instance) const {
  return run() / service / instance;
}

Path Layout::socket_relative(std::string_view service, std::string_view instance,
                             std::string_view socket) {
  return Path("run") / service / instance / socket;
}

}  // namespace bulkhead::supervisor
