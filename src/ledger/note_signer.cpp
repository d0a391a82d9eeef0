#include "ledger/note_signer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace bulkhead::ledger {
namespace {

constexpr std::string_view kPrivate = "PRIVATE+KEY+";
constexpr std::size_t kIdSize = 4;

// Stricter than the specification, which allows letters of all scripts: our names are host names
// and paths.
bool is_name(std::string_view name) {
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return c > 0x20 && c < 0x7f && c != '+'; });
}

Bytes typed(SignerKind kind, ByteView key) {
  Bytes out{static_cast<std::uint8_t>(kind)};
  out.insert(out.end(), key.begin(), key.end());
  return out;
}

Bytes id_of(std::string_view name, ByteView typed_key) {
  Bytes input = to_bytes(name);
  input.push_back('\n');
  input.insert(input.end(), typed_key.begin(), typed_key.end());
  const auto digest = crypto::sha256(input);
  return Bytes(digest.begin(), digest.begin() + kIdSize);
}

std::unexpected<Error> no_key() {
  // The text itself is a secret.
  return fail(ErrorKind::invalid,
              "not a private key for notes (PRIVATE+KEY+name+id+base64, Ed25519)");
}

}  // namespace

NoteSigner::NoteSigner(std::string name, SignerKind kind, crypto::Ed25519Key key)
    : name_(std::move(name)),
      kind_(kind),
      key_(std::move(key)),
      id_(id_of(name_, typed(kind, key_.public_key()))) {}

Result<NoteSigner> NoteSigner::generate(std::string name, SignerKind kind, Random& random) {
  if (!is_name(name)) {
    return fail(
        ErrorKind::invalid,
        fmt::format("\"{}\" is no name of a key: printable ASCII without spaces and +", name));
  }
  return NoteSigner(std::move(name), kind, crypto::Ed25519Key::generate(random));
}

Result<NoteSigner> NoteSigner::from_private_text(std::string_view text) {
  text = trim(text);
  if (!text.starts_with(kPrivate)) return no_key();
  const auto after_name = split_once(text.substr(kPrivate.size()), '+');
  if (!after_name || !is_name(after_name->first)) return no_key();
  const auto after_id = split_once(after_name->second, '+');
  if (!after_id) return no_key();
  auto bytes = from_base64(after_id->second);
  if (!bytes || bytes->empty()) return no_key();
  const std::uint8_t type = bytes->front();
  const crypto::Secret seed = crypto::Secret::copy_of(ByteView(*bytes).subspan(1));
  crypto::wipe(*bytes);
  auto key = crypto::Ed25519Key::from_seed(seed.view());
  if (!key || (type != 0x01 && type != 0x04)) return no_key();
  NoteSigner signer(std::string(after_name->first), static_cast<SignerKind>(type), std::move(*key));
  if (to_hex(signer.id_) != after_id->first) return no_key();
  return signer;
}

crypto::Secret NoteSigner::private_text() const {
  Bytes seed = typed(kind_, key_.seed());
  std::string text = fmt::format("{}{}+{}+{}\n", kPrivate, name_, to_hex(id_), to_base64(seed));
  crypto::Secret out = crypto::Secret::copy_of(text);
  crypto::wipe(seed);
  crypto::wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
  return out;
}

std::string NoteSigner::verifier_key() const {
  return fmt::format("{}+{}+{}", name_, to_hex(id_), to_base64(typed(kind_, key_.public_key())));
}

std::string NoteSigner::line(ByteView signature) const {
  Bytes bytes = id_;
  bytes.insert(bytes.end(), signature.begin(), signature.end());
  return fmt::format("\u2014 {} {}\n", name_, to_base64(bytes));
}

std::string NoteSigner::sign(std::string_view text) const {
  CHECK(kind_ == SignerKind::log);
  return line(key_.sign(as_bytes(text)));
}

std::string NoteSigner::cosign(std::string_view text, std::uint64_t time) const {
  CHECK(kind_ == SignerKind::witness);
  const std::string message = fmt::format("cosignature/v1\ntime {}\n{}", time, text);
  Bytes signature;
  for (int shift = 56; shift >= 0; shift -= 8) {
    signature.push_back(static_cast<std::uint8_t>(time >> shift));
  }
  const auto signed_message = key_.sign(as_bytes(message));
  signature.insert(signature.end(), signed_message.begin(), signed_message.end());
  return line(signature);
}

}  // namespace bulkhead::ledger
