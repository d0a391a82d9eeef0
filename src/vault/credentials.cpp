#include "vault/credentials.h"

#include <algorithm>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "config/document.h"
#include "crypto/htpasswd_hash.h"
#include "crypto/password_hash.h"
#include "crypto/sha256.h"
#include "vault/request_path.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kFileSizeMax = 4 * 1024 * 1024;
constexpr std::size_t kFingerprintLength = 64;
constexpr std::pair<Role, std::string_view> kRoles[] = {
    {Role::read, "read"}, {Role::write, "write"}, {Role::administer, "administer"}};

std::string version_of(const Path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return "absent";
  return fmt::format("{}-{}-{}.{:09}", status.st_size, status.st_ino, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

Result<Credential> read_credential(const config::Table& table) {
  Credential credential;
  credential.repository = TRY(table.string("repository"));
  if (!is_repository_name(credential.repository)) {
    return std::unexpected(table.error_at("repository", "is not a name of a repository"));
  }
  credential.user = TRY(table.string("user", credential.repository));
  credential.role = *role_from(TRY(table.one_of("role", {"read", "write", "administer"}, "write")));
  credential.hash = TRY(table.string("hash", ""));
  credential.certificate = TRY(table.string("certificate", ""));
  if (credential.hash.empty() == credential.certificate.empty()) {
    return std::unexpected(table.error_at("hash", "or certificate: exactly one of them is given"));
  }
  if (!credential.hash.empty() && !credential.hash.starts_with("$argon2id$")) {
    return std::unexpected(table.error_at("hash", "is not an Argon2id hash"));
  }
  const auto fingerprint = from_hex(credential.certificate);
  if (!credential.certificate.empty() &&
      (!fingerprint || credential.certificate.size() != kFingerprintLength)) {
    return std::unexpected(
        table.error_at("certificate", "is not a fingerprint of 64 hexadecimal digits"));
  }
  credential.added = TRY(table.string("added"));
  return credential;
}

// "user:hash" a line. A form of hash that is not known here opens nothing, and is said once.
Result<std::vector<Credential>> read_htpasswd(const Path& file) {
  const std::string text = TRY(read_text_file(file, kFileSizeMax));
  std::vector<Credential> credentials;
  for (const std::string_view line : split(text, '\n')) {
    const auto parts = split_once(trim(line), ':');
    if (!parts || parts->first.starts_with('#')) continue;
    if (!crypto::is_htpasswd_hash(parts->second)) {
      log::warning("htpasswd: only bcrypt and SHA-1 are taken; use htpasswd -B",
                   {{"user", std::string(parts->first)}});
      continue;
    }
    credentials.push_back({.user = std::string(parts->first),
                           .repository = {},
                           .role = Role::write,
                           .hash = std::string(parts->second),
                           .certificate = {},
                           .added = {}});
  }
  return credentials;
}

std::unexpected<Error> refused() {
  return fail(ErrorKind::denied, "user name or password is wrong");
}

bool verify(std::string_view hash, std::string_view password) {
  return hash.starts_with("$argon2id$") ? crypto::verify_password(hash, password)
                                        : crypto::verify_htpasswd(hash, password);
}

// Verified in place of an unknown user's, so that the time of the answer tells nothing.
const std::string& nobodys_hash() {
  static const std::string hash = crypto::hash_password(to_hex(SystemRandom().bytes(16)),
                                                        crypto::HashStrength::random_credential)
                                      .value_or("");
  return hash;
}

Result<void> write_credentials(const Path& file, const std::vector<Credential>& credentials) {
  std::string text = "# Written by bulkhead-vault and bulkhead vault enrol.\n";
  for (const Credential& credential : credentials) {
    fmt::format_to(std::back_inserter(text),
                   "\n[[credential]]\nuser = \"{}\"\nrepository = \"{}\"\nrole = \"{}\"\n"
                   "{} = \"{}\"\nadded = \"{}\"\n",
                   credential.user, credential.repository, name_of(credential.role),
                   credential.hash.empty() ? "certificate" : "hash",
                   credential.hash.empty() ? credential.certificate : credential.hash,
                   credential.added);
  }
  return write_file_atomic(file, as_bytes(text), 0600);
}

}  // namespace

std::string_view name_of(Role role) {
  for (const auto& [value, name] : kRoles) {
    if (value == role) return name;
  }
  return "";
}

std::optional<Role> role_from(std::string_view name) {
  for (const auto& [value, known] : kRoles) {
    if (known == name) return value;
  }
  return std::nullopt;
}

bool Access::opens(std::string_view wanted) const {
  switch (reach) {
    case Reach::one_repository: return wanted == repository;
    case Reach::own_folder: return wanted == user || wanted.starts_with(user + "/");
    case Reach::every_repository: return true;
  }
  return false;
}

Result<std::vector<Credential>> read_credentials(const Path& file) {
  std::vector<Credential> credentials;
  if (!std::filesystem::exists(file)) return credentials;
  const config::Document document = TRY(config::Document::read(file));
  for (const config::Table& table : TRY(document.root().tables("credential"))) {
    credentials.push_back(TRY(read_credential(table)));
  }
  TRY(document.refuse_unknown_keys());
  return credentials;
}

Credentials::Credentials(CredentialSource source)
    : source_(std::move(source)), proof_key_(SystemRandom().bytes(32)) {}

Result<void> Credentials::load() {
  if (source_.form == CredentialForm::nobody_asked) return {};
  // The version first: a change while it is read is then seen the next time.
  const std::string version = version_of(source_.file);
  std::vector<Credential> credentials =
      TRY(source_.form == CredentialForm::htpasswd ? read_htpasswd(source_.file)
                                                   : read_credentials(source_.file));
  state_.with([&](State& state) {
    state = State{.version = version, .by_user = {}, .by_certificate = {}, .proofs = {}};
    for (Credential& credential : credentials) {
      if (credential.hash.empty()) {
        state.by_certificate[credential.certificate] = std::move(credential);
      } else {
        state.by_user[credential.user] = std::move(credential);
      }
    }
  });
  return {};
}

void Credentials::reload_if_changed() {
  const std::string version = version_of(source_.file);
  const bool same = state_.with([&](const State& state) { return state.version == version; });
  if (same) return;
  if (const auto loaded = load(); !loaded) {
    // Whoever had access keeps it; a typing error must not stop the backups.
    log::error("credentials were not read again", {{"error", loaded.error().message()}});
    state_.with([&](State& state) { state.version = version; });
  }
}

Access Credentials::access_of(const Credential& credential) const {
  return {credential.user, credential.role, source_.reach, credential.repository};
}

Bytes Credentials::proof_of(std::string_view password) const {
  crypto::Sha256 hash;
  hash.update(proof_key_);
  hash.update(as_bytes(password));
  const crypto::Sha256Digest digest = hash.finish();
  return Bytes(digest.begin(), digest.end());
}

bool Credentials::verify_slowly(std::string_view hash, std::string_view password) {
  hashing_.acquire();
  const bool right = verify(hash, password);
  hashing_.release();
  return right;
}

Result<Access> Credentials::check_password(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (to_lower_ascii(authorization.substr(0, kScheme.size())) != kScheme) {
    return fail(ErrorKind::denied, "a user name and a password are needed");
  }
  const auto decoded = from_base64(trim(authorization.substr(kScheme.size())));
  if (!decoded) return refused();
  const auto parts = split_once(as_text(*decoded), ':');
  if (!parts) return refused();
  const std::string user(parts->first);

  const Bytes proof = proof_of(parts->second);
  std::optional<Credential> credential;
  const bool proven = state_.with([&](const State& state) {
    const auto found = state.by_user.find(user);
    if (found != state.by_user.end()) credential = found->second;
    const auto known = state.proofs.find(user);
    return known != state.proofs.end() && equal_constant_time(known->second, proof);
  });
  if (credential && proven) return access_of(*credential);
  const bool right = verify_slowly(credential ? credential->hash : nobodys_hash(), parts->second);
  if (!credential || !right) return refused();
  state_.with([&](State& state) {
    // The credential may have been replaced meanwhile.
    const auto found = state.by_user.find(user);
    if (found != state.by_user.end() && found->second.hash == credential->hash) {
      state.proofs[user] = proof;
    }
  });
  return access_of(*credential);
}

Result<Access> Credentials::authenticate(const Claim& claim) {
  if (source_.form == CredentialForm::nobody_asked) {
    return Access{"", Role::write, Reach::every_repository, ""};
  }
  reload_if_changed();
  if (!claim.certificate.empty()) {
    const auto credential = state_.with([&](const State& state) -> std::optional<Credential> {
      const auto found = state.by_certificate.find(claim.certificate);
      if (found == state.by_certificate.end()) return std::nullopt;
      return found->second;
    });
    if (credential) return access_of(*credential);
    // Signed by our authority and in no credential: it was removed.
    if (!claim.authorization) return fail(ErrorKind::denied, "this certificate opens nothing here");
  }
  if (!claim.authorization) {
    return fail(ErrorKind::denied, "a user name and a password are needed");
  }
  return check_password(*claim.authorization);
}

Result<void> add_credential(const Path& file, Credential credential,
                            std::optional<std::string_view> password, Replace replace,
                            const Clock& clock) {
  if (credential.user.empty()) credential.user = credential.repository;
  // A user's name has the letters of a repository's: it stands in URLs and in this file unquoted.
  for (const std::string& name : {credential.repository, credential.user}) {
    if (is_repository_name(name)) continue;
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no name of a repository or user: one or two elements of "
                            "letters, digits, '.', '_' and '-', such as imo or imo/website",
                            name));
  }
  if (password && password->size() < kPasswordSizeMin) {
    return fail(ErrorKind::invalid,
                fmt::format("the password has less than {} characters", kPasswordSizeMin));
  }
  std::vector<Credential> credentials = TRY(read_credentials(file));
  const auto same = [&](const Credential& other) {
    return other.user == credential.user && other.hash.empty() == !password;
  };
  if (replace == Replace::yes) std::erase_if(credentials, same);
  if (std::any_of(credentials.begin(), credentials.end(), same)) {
    return fail(
        ErrorKind::conflict,
        fmt::format("{} has a credential already; --replace gives it a new one", credential.user));
  }
  credential.added = to_rfc3339(clock.now());
  if (password) {
    credential.hash =
        TRY(crypto::hash_password(*password, crypto::HashStrength::random_credential));
  }
  credentials.push_back(std::move(credential));
  return write_credentials(file, credentials);
}

Result<void> remove_credential(const Path& file, std::string_view user) {
  std::vector<Credential> credentials = TRY(read_credentials(file));
  if (std::erase_if(credentials, [&](const Credential& one) { return one.user == user; }) == 0) {
    return fail(ErrorKind::not_found, fmt::format("{} has no credential", user));
  }
  return write_credentials(file, credentials);
}

}  // namespace bulkhead::vault
