#include <fmt/format.h>

#include "base/text.h"
#include "cli/vault/verbs.h"
#include "crypto/certificate.h"
#include "crypto/ed25519.h"
#include "vault/configuration.h"
#include "vault/credentials.h"
#include "vault/statement.h"

namespace bulkhead::cli::vault {
namespace {

namespace server = ::bulkhead::vault;

constexpr std::size_t kPemSizeMax = 64 * 1024;

struct ClientVerb {
  std::string configuration;
  std::string repository;
  std::string user;
  std::string role = "write";
  std::string out;
  std::uint64_t days = 398;
  bool replace = false;
};

// The authority of clients' certificates: its key stays beside the vault's own, in a file of the
// same name with the end ".key".
Result<crypto::CertifiedKey> clients_authority(const Path& certificate, const Clock& clock) {
  Path key_file = certificate;
  key_file.replace_extension(".key");
  crypto::CertifiedKey authority;
  if (std::filesystem::exists(certificate)) {
    authority.certificate = TRY(read_text_file(certificate, kPemSizeMax));
    authority.key =
        TRY_CONTEXT(read_text_file(key_file, kPemSizeMax), "the key of the clients' authority");
    return authority;
  }
  authority = TRY(crypto::make_authority({.common_name = "Vault's clients"}, clock));
  TRY(write_file_atomic(key_file, as_bytes(authority.key), 0600));
  TRY(write_file_atomic(certificate, as_bytes(authority.certificate), 0644));
  return authority;
}

Result<int> enrol_client(const ClientVerb& verb) {
  const SystemClock clock;
  const auto configuration = TRY(server::read_configuration(verb.configuration));
  if (configuration.client_certificates == server::ClientCertificates::none) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: set client_certificates to \"accepted\" or \"required\", and "
                            "client_authority, first",
                            verb.configuration));
  }
  const auto role = server::role_from(verb.role);
  if (!role) return fail(ErrorKind::invalid, "--role is read, write or administer");
  server::Credential credential{.user = verb.user.empty() ? verb.repository : verb.user,
                                .repository = verb.repository};
  credential.role = *role;
  const crypto::CertifiedKey authority =
      TRY(clients_authority(configuration.client_authority, clock));
  const crypto::CertifiedKey client = TRY(crypto::make_client_certificate(
      authority, {.common_name = credential.user, .validity = std::chrono::days(verb.days)},
      clock));
  credential.certificate = TRY(crypto::certificate_fingerprint(client.certificate));
  TRY(server::add_credential(configuration.credentials.file, credential, std::nullopt,
                             verb.replace ? server::Replace::yes : server::Replace::no, clock));
  TRY(write_file_atomic(verb.out, as_bytes(client.certificate + client.key), 0600));
  fmt::print("{} may {} {}: certificate and key are in {} (restic --tls-client-cert)\n",
             credential.user, verb.role, verb.repository, verb.out);
  return kExitSuccess;
}

struct OfficerVerb {
  std::string configuration;
  std::string name;
  std::string public_key;
};

Result<int> enrol_officer(const OfficerVerb& verb) {
  const auto configuration = TRY(server::read_configuration(verb.configuration));
  if (configuration.officers.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{}: set officers to a file's name first", verb.configuration));
  }
  const auto key = from_base64(verb.public_key);
  server::Officer officer{.name = verb.name, .key = {}, .added = ""};
  if (!key || key->size() != officer.key.size()) {
    return fail(ErrorKind::invalid, "--public-key is what bulkhead vault officer-key printed");
  }
  std::copy(key->begin(), key->end(), officer.key.begin());
  TRY(server::add_officer(configuration.officers, std::move(officer), SystemClock()));
  fmt::print("{} is an officer\n", verb.name);
  return kExitSuccess;
}

Result<int> make_officer_key(const std::string& out) {
  if (std::filesystem::exists(out)) {
    return fail(ErrorKind::conflict,
                out + " is there already; an officer's key is not overwritten");
  }
  SystemRandom random;
  const auto key = crypto::Ed25519Key::generate(random);
  TRY(write_file_atomic(out, as_bytes(to_base64(key.seed()) + "\n"), 0600));
  fmt::print("{}\n", to_base64(key.public_key()));
  return kExitSuccess;
}

}  // namespace

void add_enrol_client(Command& enrol) {
  auto verb = std::make_shared<ClientVerb>();
  enrol.subcommand("client", "Issue a client's certificate, on the vault's machine")
      .argument("REPOSITORY", verb->repository, "Such as imo or imo/website", Need::required)
      .option("--config", verb->configuration, "The vault's TOML file")
      .option("--user", verb->user, "Otherwise the repository's name")
      .option("--role", verb->role, "read, write or administer")
      .option("--out", verb->out, "Where certificate and key go, in one PEM file")
      .option("--days", verb->days, "How long it is valid")
      .flag("--replace", verb->replace, "In place of the user's certificate that there is")
      .on_run([verb]() -> Result<int> {
        if (verb->configuration.empty() || verb->out.empty()) {
          return fail(ErrorKind::invalid, "--config and --out are needed");
        }
        return enrol_client(*verb);
      });
}

void add_enrol_officer(Command& enrol) {
  auto verb = std::make_shared<OfficerVerb>();
  enrol.subcommand("officer", "Let a person order destructions, on the vault's machine")
      .argument("NAME", verb->name, "The person", Need::required)
      .option("--config", verb->configuration, "The vault's TOML file")
      .option("--public-key", verb->public_key, "As bulkhead vault officer-key printed it")
      .on_run([verb]() -> Result<int> {
        if (verb->configuration.empty()) return fail(ErrorKind::invalid, "--config is needed");
        return enrol_officer(*verb);
      });
}

void add_officer_key(Command& vault) {
  auto out = std::make_shared<std::string>();
  vault.subcommand("officer-key", "Make an officer's key; prints its public half")
      .argument("FILE", *out, "Where the private half goes; keep it to yourself", Need::required)
      .on_run([out] { return make_officer_key(*out); });
}

}  // namespace bulkhead::cli::vault
