// No path leads out of the vault's folder, or has two meanings.
#include "base/bytes.h"
#include "base/check.h"
#include "http/url.h"
#include "storage/file_names.h"
#include "vault/request_path.h"

using namespace bulkhead;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = as_text({data, size});
  const auto target = http::parse_target(text);
  const std::string normalised = target ? target->path : "/";
  for (const std::string_view path : {text, std::string_view(normalised)}) {
    const auto parsed = vault::parse_request_path(path);
    if (!parsed) continue;
    CHECK(vault::is_repository_name(parsed->repository));
    CHECK(parsed->repository.find("..") != 0);
    CHECK(parsed->repository.find("/.") == std::string::npos);
    CHECK(parsed->name.empty() || storage::is_file_name(parsed->name));
    CHECK(parsed->name.empty() || parsed->type);
  }
  return 0;
}
