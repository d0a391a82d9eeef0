// The repository's config file: its version, its id and the polynomial that its chunks are cut by.
#pragma once

#include <string>

#include "repository/polynomial.h"

namespace bulkhead::repository {

struct Config {
  unsigned version = 2;
  std::string id;  // 64 hexadecimal digits
  Polynomial chunker_polynomial = 0;
};

std::string encode_config(const Config& config);
// Kind invalid for versions other than 1 and 2, corrupt for all else that is wrong.
Result<Config> decode_config(std::string_view text);

}  // namespace bulkhead::repository
