#include "repository/key_file.h"

#include <fmt/format.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kSaltSize = 64;

Result<crypto::MasterKey> password_key(std::string_view password, ByteView salt,
                                       const crypto::ScryptCost& cost) {
  const crypto::Secret derived =
      TRY(crypto::scrypt(as_bytes(password), salt, cost, crypto::kMasterKeySize));
  return crypto::MasterKey::from_bytes(derived.view());
}

// By hand, since a json::Value would leave copies of the key in memory.
crypto::Secret encode_master_key(const crypto::MasterKey& master) {
  std::string k = to_base64(master.mac_k_part());
  std::string r = to_base64(master.mac_r_part());
  std::string encrypt = to_base64(master.encrypt_part());
  std::string text =
      fmt::format(R"({{"mac":{{"k":"{}","r":"{}"}},"encrypt":"{}"}})", k, r, encrypt);
  crypto::Secret secret = crypto::Secret::copy_of(text);
  for (std::string* copy : {&k, &r, &encrypt, &text}) {
    crypto::wipe({reinterpret_cast<std::uint8_t*>(copy->data()), copy->size()});
  }
  return secret;
}

Result<crypto::MasterKey> decode_master_key(ByteView text) {
  const json::Value value = TRY_CONTEXT(json::parse(as_text(text)), "master key");
  Bytes bytes;
  for (const json::Value* part : {&value["encrypt"], &value["mac"]["k"], &value["mac"]["r"]}) {
    const std::string encoded = TRY(part->to_string("a part of the master key"));
    const Bytes decoded = TRY_CONTEXT(from_base64(encoded), "master key");
    bytes.insert(bytes.end(), decoded.begin(), decoded.end());
  }
  auto key = crypto::MasterKey::from_bytes(bytes);
  crypto::wipe(bytes);
  return key;
}

}  // namespace

Result<std::string> encode_key_file(const crypto::MasterKey& master, std::string_view password,
                                    const KeyFileOptions& options, Random& random) {
  const Bytes salt = random.bytes(kSaltSize);
  const crypto::MasterKey user_key = TRY(password_key(password, salt, options.cost));
  const crypto::Secret plaintext = encode_master_key(master);
  const json::Value file(json::Object{
      {"created", to_rfc3339(options.created)},
      {"username", options.username},
      {"hostname", options.hostname},
      {"kdf", "scrypt"},
      {"N", options.cost.n},
      {"r", options.cost.r},
      {"p", options.cost.p},
      {"salt", to_base64(salt)},
      {"data", to_base64(user_key.seal(plaintext.view(), random))},
  });
  return json::write(file);
}

Result<KeyFile> decode_key_file(std::string_view text) {
  const json::Value file = TRY(json::parse(text));
  const std::string kdf = TRY(file["kdf"].to_string("the key's kdf"));
  if (kdf != "scrypt") {
    return fail(ErrorKind::invalid, fmt::format("key derivation \"{}\" is not known", kdf));
  }
  KeyFile key;
  key.cost.n = TRY(file["N"].to_u64("the key's N"));
  key.cost.r = TRY(file["r"].to_u64("the key's r"));
  key.cost.p = TRY(file["p"].to_u64("the key's p"));
  const std::string salt = TRY(file["salt"].to_string("the key's salt"));
  key.salt = TRY_CONTEXT(from_base64(salt), "the key's salt");
  if (key.salt.size() != kSaltSize) {
    return fail(ErrorKind::corrupt, fmt::format("the key's salt has {} bytes", key.salt.size()));
  }
  const std::string data = TRY(file["data"].to_string("the key's data"));
  key.sealed_master = TRY_CONTEXT(from_base64(data), "the key's data");
  return key;
}

Result<crypto::MasterKey> open_key_file(std::string_view text, std::string_view password) {
  const KeyFile key = TRY(decode_key_file(text));
  const crypto::MasterKey user_key = TRY(password_key(password, key.salt, key.cost));
  auto plaintext = user_key.unseal(key.sealed_master);
  if (!plaintext) return fail(ErrorKind::denied, "the password does not open this key");
  auto master = decode_master_key(*plaintext);
  crypto::wipe(*plaintext);
  return master;
}

}  // namespace bulkhead::repository
