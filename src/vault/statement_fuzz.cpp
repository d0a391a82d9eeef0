// Orders come from anybody who can reach the vault.
#include "base/check.h"
#include "vault/statement.h"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const std::vector<vault::Officer> officers = {{.name = "anna", .key = {}, .added = ""}};
  CHECK(!vault::open_statement(text, officers));
  const auto statement = vault::decode_statement(text);
  if (statement) CHECK(vault::decode_statement(vault::encode_statement(*statement)));
  return 0;
}
