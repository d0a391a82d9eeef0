#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "services/gisis/domain/module_definition.h"

// A definition that is accepted keeps the promises that the store relies on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead::services::gisis;
  const auto module = ModuleDefinition::parse(bulkhead::as_text({data, size}), "fuzz.toml");
  if (!module) return 0;
  CHECK(!module->fields.empty() && !module->heading.empty());
  CHECK(!module->key.empty() || module->content_in_key);
  CHECK(module->fields[module->sort_field].sortable);
  return 0;
}
