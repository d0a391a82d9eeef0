#include "vault/credentials.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "config/document.h"
#include "crypto/password_hash.h"
#include "crypto/sha256.h"
#include "vault/request_path.h"

namespace bulkhead::vault {
namespace {

struct Credential {
  std::string repository;
  std::string hash;
  std::string added;
};

std::string version_of(const Path& file) {
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) return "absent";
  return fmt::format("{}-{}-{}.{:09}", status.st_size, status.st_ino, status.st_mtim.tv_sec,
                     status.st_mtim.tv_nsec);
}

Result<std::vector<Credential>> read_credentials(const Path& file) {
  std::vector<Credential> credentials;
  if (!std::filesystem::exists(file)) return credentials;
  const config::Document document = TRY(config::Document::read(file));
  for (const config::Table& table : TRY(document.root().tables("credential"))) {
    Credential credential;
    credential.repository = TRY(table.string("repository"));
    if (!is_repository_name(credential.repository)) {
      return std::unexpected(table.error_at("repository", "is not a name of a repository"));
    }
    credential.hash = TRY(table.string("hash"));
    if (!credential.hash.starts_with("$argon2id$")) {
      return std::unexpected(table.error_at("hash", "is not an Argon2id hash"));
    }
    credential.added = TRY(table.string("added"));
    credentials.push_back(std::move(credential));
  }
  TRY(document.refuse_unknown_keys());
  return credentials;
}

std::unexpected<Error> refused() {
  return fail(ErrorKind::denied, "user name or password is wrong");
}

// Verified in place of an unknown user's, so that the time of the answer tells nothing.
const std::string& nobodys_hash() {
  static const std::string hash = crypto::hash_password(to_hex(SystemRandom().bytes(16)),
                                                        crypto::HashStrength::random_credential)
                                      .value_or("");
  return hash;
}

}  // namespace

Credentials::Credentials(Path file)
    : file_(std::move(file)), proof_key_(SystemRandom().bytes(32)) {}

Result<void> Credentials::load() {
  // The version first: a change while it is read is then seen the next time.
  const std::string version = version_of(file_);
  std::vector<Credential> credentials = TRY(read_credentials(file_));
  state_.with([&](State& state) {
    state.version = version;
    state.hashes.clear();
    state.proofs.clear();
    for (Credential& credential : credentials) {
      state.hashes[credential.repository] = std::move(credential.hash);
    }
  });
  return {};
}

void Credentials::reload_if_changed() {
  const std::string version = version_of(file_);
  const bool same = state_.with([&](const State& state) { return state.version == version; });
  if (same) return;
  if (const auto loaded = load(); !loaded) {
    // Whoever had access keeps it; a typing error must not stop the backups.
    log::error("credentials were not read again", {{"error", loaded.error().message()}});
    state_.with([&](State& state) { state.version = version; });
  }
}

Bytes Credentials::proof_of(std::string_view password) const {
  crypto::Sha256 hash;
  hash.update(proof_key_);
  hash.update(as_bytes(password));
  const crypto::Sha256Digest digest = hash.finish();
  return Bytes(digest.begin(), digest.end());
}

Result<std::string> Credentials::authenticate(std::optional<std::string_view> authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (!authorization || to_lower_ascii(authorization->substr(0, kScheme.size())) != kScheme) {
    return fail(ErrorKind::denied, "a user name and a password are needed");
  }
  const auto decoded = from_base64(trim(authorization->substr(kScheme.size())));
  if (!decoded) return refused();
  const auto parts = split_once(as_text(*decoded), ':');
  if (!parts) return refused();
  const std::string user(parts->first);

  reload_if_changed();
  const Bytes proof = proof_of(parts->second);
  std::string hash;
  const bool proven = state_.with([&](const State& state) {
    const auto known = state.proofs.find(user);
    if (known != state.proofs.end() && equal_constant_time(known->second, proof)) return true;
    const auto found = state.hashes.find(user);
    if (found != state.hashes.end()) hash = found->second;
    return false;
  });
  if (proven) return user;
  const bool exists = !hash.empty();
  const bool right = crypto::verify_password(exists ? hash : nobodys_hash(), parts->second);
  if (!exists || !right) return refused();
  state_.with([&](State& state) {
    // The credential may have been replaced meanwhile.
    const auto found = state.hashes.find(user);
    if (found != state.hashes.end() && found->second == hash) state.proofs[user] = proof;
  });
  return user;
}

Result<void> add_credential(const Path& file, const std::string& repository,
                            std::string_view password, Replace replace, const Clock& clock) {
  if (!is_repository_name(repository)) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no name of a repository: one or two elements of letters, "
                            "digits, '.', '_' and '-', such as imo or imo/website",
                            repository));
  }
  if (password.size() < kPasswordSizeMin) {
    return fail(ErrorKind::invalid,
                fmt::format("the password has less than {} characters", kPasswordSizeMin));
  }
  std::vector<Credential> credentials = TRY(read_credentials(file));
  std::erase_if(credentials, [&](const Credential& credential) {
    return replace == Replace::yes && credential.repository == repository;
  });
  std::string text = "# Written by bulkhead-vault credential add.\n";
  const auto append = [&](const Credential& credential) {
    fmt::format_to(std::back_inserter(text),
                   "\n[[credential]]\nrepository = \"{}\"\nhash = \"{}\"\nadded = \"{}\"\n",
                   credential.repository, credential.hash, credential.added);
  };
  for (const Credential& credential : credentials) {
    if (credential.repository == repository) {
      return fail(
          ErrorKind::conflict,
          fmt::format("{} has a credential already; --replace gives it a new one", repository));
    }
    append(credential);
  }
  Credential added{.repository = repository, .hash = {}, .added = to_rfc3339(clock.now())};
  added.hash = TRY(crypto::hash_password(password, crypto::HashStrength::random_credential));
  append(added);
  return write_file_atomic(file, as_bytes(text), 0600);
}

}  // namespace bulkhead::vault
