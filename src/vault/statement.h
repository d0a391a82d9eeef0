// What an officer orders: one JSON object, signed with the officer's Ed25519 key. The signature is
// over the text as it stands, after a line that no other use of the key has, and the text names the
// vault, so that an order to one vault is none to its mirror (docs/formats/vault.md, "Orders").
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "crypto/ed25519.h"

namespace bulkhead::vault {

enum class Order {
  destroy,       // a repository; the first order asks, a second officer's confirms
  cancel,        // a destruction that was asked for
  enrol_key,     // one key file may be added to a repository whose keys are frozen
  accept_clock,  // the system's time is right again
};
std::string_view name_of(Order order);

struct Statement {
  Order order = Order::cancel;
  std::string vault;
  std::string officer;
  WallTime made;
  // Of destroy and cancel: the id that the first officer chose; of accept_clock: that of the
  // freeze, so that an order that was heard once thaws nothing later.
  std::string request;
  std::string repository;  // of destroy and enrol_key
  std::string key;         // of enrol_key: the file's name
};

// The JSON text that is signed, and back: kind invalid where it is not complete.
std::string encode_statement(const Statement& statement);
Result<Statement> decode_statement(std::string_view text);

// {"statement": the text, "signature": base64}
std::string sign_statement(const Statement& statement, const crypto::Ed25519Key& key);

struct Officer {
  std::string name;
  crypto::Ed25519PublicKey key{};
  std::string added;
};
// An absent file holds nobody.
Result<std::vector<Officer>> read_officers(const Path& file);
// Kind conflict where the name or the key is there already: one person has one voice.
Result<void> add_officer(const Path& file, Officer officer, const Clock& clock);

inline constexpr std::size_t kOrderSizeMax = 8 * 1024;
// Kind denied where it is no officer's, or not signed by the one it names.
Result<Statement> open_statement(std::string_view envelope, const std::vector<Officer>& officers);

}  // namespace bulkhead::vault
