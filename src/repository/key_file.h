// A key file holds the repository's master key, sealed with a key made from a password by scrypt
// (design.rst, "Keys, Encryption and MAC"). A repository may have several, one for each password.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/master_key.h"
#include "crypto/scrypt.h"

namespace bulkhead::repository {

// restic looks at no more than this, and a flood of junk keys shall cost no more.
inline constexpr std::size_t kKeysTriedMax = 20;

struct KeyFileOptions {
  WallTime created{};
  std::string username;
  std::string hostname;
  crypto::ScryptCost cost;
};

struct KeyFile {
  crypto::ScryptCost cost;
  Bytes salt;
  Bytes sealed_master;
};
// Reads the fields alone; nothing is derived. Kind corrupt, or invalid for another derivation.
Result<KeyFile> decode_key_file(std::string_view text);

// JSON text.
Result<std::string> encode_key_file(const crypto::MasterKey& master, std::string_view password,
                                    const KeyFileOptions& options, Random& random);
// Kind denied where the password is not the one; corrupt, invalid or limit where the file is bad.
Result<crypto::MasterKey> open_key_file(std::string_view text, std::string_view password);

}  // namespace bulkhead::repository
