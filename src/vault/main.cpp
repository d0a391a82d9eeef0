// bulkhead-vault: the server at the second site that keeps repositories and only takes in.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <thread>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <malloc.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "http/server.h"
#include "vault/configuration.h"
#include "vault/credentials.h"
#include "vault/rebuild.h"
#include "vault/vault.h"
#include "vault/witness_host.h"

namespace bulkhead::vault {
namespace {

constexpr std::chrono::seconds kGrace{20};
constexpr std::chrono::seconds kUpkeepPause{5};
constexpr std::size_t kPasswordFileSizeMax = 4096;
constexpr std::size_t kVerifierKeySizeMax = 4096;
constexpr std::size_t kRandomPasswordBytes = 24;
constexpr int kHeapsMax = 2;

sigset_t stop_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

Result<std::unique_ptr<http::Server>> serve_local(const Configuration& configuration,
                                                  Vault& vault) {
  http::ServerOptions options;
  options.unix_socket = configuration.metrics_socket;
  options.threads = 1;
  return http::Server::start(
      options, [&vault](http::Request& request) { return vault.handle_local(request); });
}

http::ServerOptions server_options(const Configuration& configuration) {
  http::ServerOptions options;
  options.unix_socket = configuration.unix_socket;
  options.address = configuration.address;
  options.port = configuration.port;
  options.certificate_file = configuration.certificate;
  options.key_file = configuration.key;
  options.client_authority_file = configuration.client_authority;
  options.client_certificate_required =
      configuration.client_certificates == ClientCertificates::required;
  options.threads = configuration.threads;
  options.body_size_max = configuration.policy.limits.file_size_max;
  for (const auto& [name, policy] : configuration.repositories) {
    options.body_size_max = std::max(options.body_size_max, policy.limits.file_size_max);
  }
  return options;
}

Result<std::unique_ptr<http::Server>> listen(const Configuration& configuration, Vault& vault) {
  http::ServerOptions options = server_options(configuration);
  const http::Handler handler = [&vault](http::Request& request) { return vault.handle(request); };
  auto server = http::Server::start(options, handler);
  // ":8000" means every address; a machine without IPv6 has those of IPv4 only.
  if (!server && configuration.address == "::") {
    options.address = "0.0.0.0";
    server = http::Server::start(options, handler);
  }
  return server;
}

Result<void> serve(const Configuration& configuration) {
  const SystemClock clock;
  Vault vault(configuration, clock);
  TRY(vault.start());

  // Blocked before any thread starts, and taken by sigwait below.
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const auto server = TRY(listen(configuration, vault));
  std::unique_ptr<http::Server> local;
  if (!configuration.metrics_socket.empty()) local = TRY(serve_local(configuration, vault));
  log::info("serving", {{"address", configuration.address},
                        {"port", std::to_string(server->port())},
                        {"data", configuration.data.string()}});
  std::thread upkeep([&vault] {
    do {
      vault.oversight().tick();
      // What a rush of requests took is the system's again soon after it.
      ::malloc_trim(0);
    } while (!vault.oversight().stopped_within(kUpkeepPause));
  });
  std::thread copies([&vault] {
    do vault.oversight().keep_copies();
    while (!vault.oversight().stopped_within(kUpkeepPause));
  });
  std::thread tending([&vault] {
    do vault.oversight().tend();
    while (!vault.oversight().stopped_within(kUpkeepPause));
  });
  int signal = 0;
  ::sigwait(&signals, &signal);
  vault.oversight().stop();
  upkeep.join();
  copies.join();
  tending.join();
  log::info("stopping", {{"signal", std::to_string(signal)}});
  server->stop(kGrace);
  if (local) local->stop(std::chrono::seconds(1));
  return {};
}

struct CredentialOptions {
  Path configuration;
  std::string repository;
  std::string user;
  std::string role = "write";
  Path password_file;
  bool replace = false;
};

Result<void> add(const CredentialOptions& options) {
  const Configuration configuration = TRY(read_configuration(options.configuration));
  const auto role = role_from(options.role);
  if (!role) return fail(ErrorKind::invalid, "--role is read, write or administer");
  std::string password;
  if (options.password_file.empty()) {
    password = to_base64url(SystemRandom().bytes(kRandomPasswordBytes));
  } else {
    password = trim(TRY(read_text_file(options.password_file, kPasswordFileSizeMax)));
  }
  Credential credential{.user = options.user, .repository = options.repository, .role = *role};
  TRY(add_credential(configuration.credentials.file, std::move(credential), password,
                     options.replace ? Replace::yes : Replace::no, SystemClock()));
  // Printed once; the vault itself keeps only its hash.
  if (options.password_file.empty()) fmt::print("{}\n", password);
  return {};
}

Result<void> remove(const CredentialOptions& options) {
  const Configuration configuration = TRY(read_configuration(options.configuration));
  return remove_credential(configuration.credentials.file, options.user);
}

struct WitnessOptions {
  Path configuration;
  Path ledger_key;
};

Result<void> add_ledger(const WitnessOptions& options) {
  const Configuration configuration = TRY(read_configuration(options.configuration));
  if (configuration.witness.empty()) {
    return fail(ErrorKind::invalid,
                fmt::format("{} names no folder for a witness: add witness = \"witness\"",
                            options.configuration.native()));
  }
  const std::string key = TRY(read_text_file(options.ledger_key, kVerifierKeySizeMax));
  SystemRandom random;
  const std::string own = TRY_CONTEXT(WitnessHost::enrol(configuration.witness, key, random),
                                      options.ledger_key.native());
  fmt::print("{}\n", own);
  return {};
}

void declare_witness(CLI::App& app, WitnessOptions& options) {
  CLI::App* witness = app.add_subcommand("witness", "Whose ledgers this vault cosigns");
  witness->require_subcommand(1);
  CLI::App* adding = witness->add_subcommand(
      "add", "Know a ledger from the next start on; prints the key of the vault's cosignatures");
  adding->add_option("--config", options.configuration, "The vault's TOML file")->required();
  adding->add_option("key", options.ledger_key, "A file with the ledger's verifier key")
      ->required();
}

void declare_rebuild(CLI::App& app, RebuildOptions& options) {
  CLI::App* rebuilding = app.add_subcommand(
      "rebuild", "Bring back from the object store what a repository's folder has not");
  rebuilding->add_option("--config", options.configuration, "The vault's TOML file")->required();
  rebuilding->add_option("--before", options.before,
                         "Only what came to the store before this time (2026-10-01T06:15:00Z)");
  rebuilding->add_option("repository", options.repositories, "Such as imo or imo/website")
      ->required();
}

struct ServeOptions {
  Path configuration;
  RestServerFlags flags;
};

Result<void> serve(const ServeOptions& options) {
  if (options.configuration.empty()) return serve(TRY(configuration_of(options.flags)));
  if (!options.flags.path.empty()) {
    return fail(ErrorKind::invalid, "give --config or --path, not both");
  }
  return serve(TRY(read_configuration(options.configuration)));
}

void declare_serve(CLI::App& app, ServeOptions& options) {
  CLI::App* serving = app.add_subcommand("serve", "Serve until SIGTERM or SIGINT");
  RestServerFlags& flags = options.flags;
  static bool append_only = true;
  serving->add_option("--config", options.configuration, "The vault's TOML file; or these flags:");
  serving->add_option("--path", flags.path, "The folder of the repositories");
  serving->add_option("--listen", flags.listen, "ADDRESS:PORT, :PORT or unix:PATH");
  serving->add_flag("--tls", flags.tls, "Speak TLS (1.3)");
  serving->add_option("--tls-cert", flags.tls_cert, "PEM; otherwise PATH/public_key");
  serving->add_option("--tls-key", flags.tls_key, "PEM; otherwise PATH/private_key");
  serving->add_option("--htpasswd-file", flags.htpasswd_file, "Otherwise PATH/.htpasswd");
  serving->add_flag("--no-auth", flags.no_auth, "Ask nobody for a password");
  serving->add_flag("--private-repos", flags.private_repos,
                    "A user reaches the folder of the same name only");
  serving->add_option("--max-size", flags.max_size, "Bytes of all repositories together");
  serving->add_flag("--prometheus", flags.prometheus, "Metrics at /metrics, to users");
  serving->add_flag("--prometheus-no-auth", flags.prometheus_no_auth, "Metrics to everybody");
  serving->add_flag("--append-only", append_only, "Always on; taken for rest-server's sake");
}

int exit_status(const Result<void>& result) {
  if (result) return 0;
  fmt::print(stderr, "bulkhead-vault: {}\n", result.error().message());
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app("Keeps restic repositories: append-only, over TLS.", "bulkhead-vault");
  app.require_subcommand(1);
  ServeOptions serving;
  declare_serve(app, serving);

  WitnessOptions witness;
  declare_witness(app, witness);
  RebuildOptions rebuilding;
  declare_rebuild(app, rebuilding);
  CredentialOptions credential;
  CLI::App* credentials = app.add_subcommand("credential", "Who may reach which repository");
  credentials->require_subcommand(1);
  CLI::App* adding = credentials->add_subcommand("add", "Give a user a password");
  adding->add_option("--config", credential.configuration, "The vault's TOML file")->required();
  adding->add_option("repository", credential.repository, "Such as imo or imo/website")->required();
  adding->add_option("--user", credential.user, "Otherwise the repository's name");
  adding->add_option("--role", credential.role, "read, write or administer");
  adding->add_option("--password-file", credential.password_file,
                     "Take the password from here; otherwise a random one is printed once");
  adding->add_flag("--replace", credential.replace, "In place of the one that there is");
  CLI::App* removing = credentials->add_subcommand("remove", "Take a user's credentials away");
  removing->add_option("--config", credential.configuration, "The vault's TOML file")->required();
  removing->add_option("user", credential.user, "Whose")->required();

  CLI11_PARSE(app, argc, argv);
  if (adding->parsed()) return exit_status(add(credential));
  if (removing->parsed()) return exit_status(remove(credential));
  if (app.got_subcommand("witness")) return exit_status(add_ledger(witness));
  if (app.got_subcommand("rebuild")) return exit_status(rebuild(rebuilding));
  return exit_status(serve(serving));
}

}  // namespace
}  // namespace bulkhead::vault

int main(int argc, char** argv) {
  bulkhead::log::start("bulkhead-vault");
  // Threads share what they allocate from: 32 heaps of their own would each keep their largest.
  ::mallopt(M_ARENA_MAX, bulkhead::vault::kHeapsMax);
  ::umask(0077);
  try {
    return bulkhead::vault::run(argc, argv);
  } catch (const std::exception& exception) {
    fmt::print(stderr, "bulkhead-vault: {}\n", exception.what());
    return 1;
  }
}
