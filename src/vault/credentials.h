// Who may reach which repository. A credential belongs to one repository: its user name is the
// repository's name, and only the Argon2id hash of its password is stored. The file is read again
// when it has changed, so that a credential can be added while the vault serves.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"

namespace bulkhead::vault {

inline constexpr std::size_t kPasswordSizeMin = 16;

// Thread-safe.
class Credentials {
 public:
  explicit Credentials(Path file);

  // An error where the file is there and cannot be understood; an absent file holds nobody.
  Result<void> load();
  // Of an Authorization header (RFC 7617): the repository that it opens. Kind denied otherwise.
  Result<std::string> authenticate(std::optional<std::string_view> authorization);

 private:
  struct State {
    std::string version;  // of the file when it was read: size, inode and time of change
    std::map<std::string, std::string, std::less<>> hashes;
    // Proofs of passwords that were verified, so that Argon2 runs once for each and not for each
    // request: SHA-256 of a key of this process and the password.
    std::map<std::string, Bytes, std::less<>> proofs;
  };
  Bytes proof_of(std::string_view password) const;
  void reload_if_changed();

  Path file_;
  Bytes proof_key_;
  Guarded<State> state_;
};

enum class Replace { no, yes };
// Kind conflict where the repository has one already and it is not to be replaced.
Result<void> add_credential(const Path& file, const std::string& repository,
                            std::string_view password, Replace replace, const Clock& clock);

}  // namespace bulkhead::vault
