// Who may do what with which repository. A credential belongs to one repository and one role; it is
// a password, of which only the Argon2id hash is stored, or a client certificate, known by its
// fingerprint. In place of that file there may be one of Apache's, as rest-server reads it. The
// file is read again when it has changed, so that a credential can be added while the vault serves.
#pragma once

#include <map>
#include <optional>
#include <semaphore>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/guarded.h"
#include "vault/configuration.h"

namespace bulkhead::vault {

inline constexpr std::size_t kPasswordSizeMin = 16;
// Each takes 8 MiB, and whoever knows nothing can ask for one with each request.
inline constexpr std::ptrdiff_t kHashesAtOnce = 4;

// What each may: read: GET, HEAD and lists; write: that, to add files, and to delete locks;
// administer: that, and to delete what the retention lock has released.
enum class Role { read, write, administer };
std::string_view name_of(Role role);
std::optional<Role> role_from(std::string_view name);

struct Access {
  std::string user;
  Role role = Role::write;
  Reach reach = Reach::one_repository;
  std::string repository;  // where the reach is one repository
  bool opens(std::string_view wanted) const;
};

struct Credential {
  std::string user;
  std::string repository;
  Role role = Role::write;
  std::string hash;         // or:
  std::string certificate;  // SHA-256 of its DER form, in hex
  std::string added;
};

// What a request shows of its sender.
struct Claim {
  std::optional<std::string_view> authorization;  // the header (RFC 7617)
  std::string_view certificate;                   // fingerprint; empty: none was shown
};

// Thread-safe.
class Credentials {
 public:
  explicit Credentials(CredentialSource source);

  // An error where the file is there and cannot be understood; an absent file holds nobody.
  Result<void> load();
  // Kind denied where the claim is nobody's.
  Result<Access> authenticate(const Claim& claim);

 private:
  struct State {
    std::string version;  // of the file when it was read: size, inode and time of change
    std::map<std::string, Credential, std::less<>> by_user;
    std::map<std::string, Credential, std::less<>> by_certificate;
    // Proofs of passwords that were verified, so that the slow hash runs once for each and not for
    // each request: SHA-256 of a key of this process and the password.
    std::map<std::string, Bytes, std::less<>> proofs;
  };
  Access access_of(const Credential& credential) const;
  Result<Access> check_password(std::string_view authorization);
  Bytes proof_of(std::string_view password) const;
  void reload_if_changed();

  bool verify_slowly(std::string_view hash, std::string_view password);

  const CredentialSource source_;
  Bytes proof_key_;
  std::counting_semaphore<kHashesAtOnce> hashing_{kHashesAtOnce};
  Guarded<State> state_;
};

enum class Replace { no, yes };
// `credential` with the password's hash, or, without a password, its certificate. Kind conflict
// where the user has one of the kind already and it is not to be replaced.
Result<void> add_credential(const Path& file, Credential credential,
                            std::optional<std::string_view> password, Replace replace,
                            const Clock& clock);
// Kind not_found where the user has none.
Result<void> remove_credential(const Path& file, std::string_view user);
Result<std::vector<Credential>> read_credentials(const Path& file);

}  // namespace bulkhead::vault
