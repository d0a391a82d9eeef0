// Config files and the fields of key files.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "repository/config.h"
#include "repository/key_file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace bulkhead;
  using namespace bulkhead::repository;
  const std::string_view text = as_text({data, size});
  const auto config = decode_config(text);
  if (config) CHECK(is_irreducible(config->chunker_polynomial));
  const auto key = decode_key_file(text);
  if (key) CHECK(key->salt.size() == 64);
  return 0;
}
