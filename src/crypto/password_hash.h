// Passwords as Argon2id hashes in the PHC text form ("$argon2id$v=19$m=…"), by libsodium. The text
// carries its own parameters, so that stronger ones can be chosen later without losing old hashes.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace bulkhead::crypto {

enum class HashStrength {
  // 64 MiB, two passes: for what a person chooses.
  password,
  // 8 MiB, one pass: for random credentials of 128 bits or more, which no guessing reaches, and
  // which are checked at each connection.
  random_credential,
};

Result<std::string> hash_password(std::string_view password, HashStrength strength);
// False for a wrong password and for a text that is no hash alike.
bool verify_password(std::string_view hash, std::string_view password);

}  // namespace bulkhead::crypto
