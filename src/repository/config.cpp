#include "repository/config.h"

#include <charconv>

#include <fmt/format.h>

#include "base/bytes.h"
#include "json/value.h"

namespace bulkhead::repository {

std::string encode_config(const Config& config) {
  return json::write(json::Value(json::Object{
      {"version", static_cast<std::uint64_t>(config.version)},
      {"id", config.id},
      {"chunker_polynomial", fmt::format("{:x}", config.chunker_polynomial)},
  }));
}

Result<Config> decode_config(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  Config config;
  const std::uint64_t version = TRY(value["version"].to_u64("the repository's version"));
  if (version != 1 && version != 2) {
    return fail(ErrorKind::invalid,
                fmt::format("repository version {} is not known, only 1 and 2 are", version));
  }
  config.version = static_cast<unsigned>(version);
  config.id = TRY(value["id"].to_string("the repository's id"));
  const std::string polynomial =
      TRY(value["chunker_polynomial"].to_string("the chunker polynomial"));
  const char* end = polynomial.data() + polynomial.size();
  const auto [stopped, error] =
      std::from_chars(polynomial.data(), end, config.chunker_polynomial, 16);
  if (error != std::errc() || stopped != end) {
    return fail(ErrorKind::corrupt,
                fmt::format("chunker polynomial \"{}\" is not hexadecimal", polynomial));
  }
  TRY(require_chunker_polynomial(config.chunker_polynomial));
  return config;
}

}  // namespace bulkhead::repository
