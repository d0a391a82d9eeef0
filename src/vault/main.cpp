// bulkhead-vault: the server at the second site that keeps repositories and only takes in.
#include <csignal>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/log.h"
#include "base/random.h"
#include "base/text.h"
#include "http/server.h"
#include "vault/configuration.h"
#include "vault/vault.h"

namespace bulkhead::vault {
namespace {

constexpr std::chrono::seconds kGrace{20};
constexpr std::size_t kPasswordFileSizeMax = 4096;
constexpr std::size_t kRandomPasswordBytes = 24;

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

Result<void> serve(const Path& file) {
  const Configuration configuration = TRY(read_configuration(file));
  const SystemClock clock;
  Vault vault(configuration, clock);
  TRY(vault.start());

  // Blocked before any thread starts, and taken by sigwait below.
  const sigset_t signals = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  http::ServerOptions options;
  options.address = configuration.address;
  options.port = configuration.port;
  options.certificate_file = configuration.certificate;
  options.key_file = configuration.key;
  options.threads = configuration.threads;
  options.body_size_max = configuration.limits.file_size_max;
  const auto server = TRY(http::Server::start(
      options, [&vault](http::Request& request) { return vault.handle(request); }));
  std::unique_ptr<http::Server> local;
  if (!configuration.metrics_socket.empty()) local = TRY(serve_local(configuration, vault));
  log::info("serving", {{"address", configuration.address},
                        {"port", std::to_string(server->port())},
                        {"data", configuration.data.string()}});
  int signal = 0;
  ::sigwait(&signals, &signal);
  log::info("stopping", {{"signal", std::to_string(signal)}});
  server->stop(kGrace);
  if (local) local->stop(std::chrono::seconds(1));
  return {};
}

struct CredentialOptions {
  Path configuration;
  std::string repository;
  Path password_file;
  bool replace = false;
};

Result<void> add(const CredentialOptions& options) {
  const Configuration configuration = TRY(read_configuration(options.configuration));
  std::string password;
  if (options.password_file.empty()) {
    password = to_base64url(SystemRandom().bytes(kRandomPasswordBytes));
  } else {
    password = trim(TRY(read_text_file(options.password_file, kPasswordFileSizeMax)));
  }
  TRY(add_credential(configuration.credentials, options.repository, password,
                     options.replace ? Replace::yes : Replace::no, SystemClock()));
  // Printed once; the vault itself keeps only its hash.
  if (options.password_file.empty()) fmt::print("{}\n", password);
  return {};
}

int exit_status(const Result<void>& result) {
  if (result) return 0;
  fmt::print(stderr, "bulkhead-vault: {}\n", result.error().message());
  return 1;
}

int run(int argc, char** argv) {
  CLI::App app("Keeps restic repositories: append-only, over TLS.", "bulkhead-vault");
  app.require_subcommand(1);
  Path configuration;
  CLI::App* serving = app.add_subcommand("serve", "Serve until SIGTERM or SIGINT");
  serving->add_option("--config", configuration, "The vault's TOML file")->required();

  CredentialOptions credential;
  CLI::App* credentials = app.add_subcommand("credential", "Who may reach which repository");
  credentials->require_subcommand(1);
  CLI::App* adding = credentials->add_subcommand(
      "add", "Give a repository its credential; the user name is the repository's name");
  adding->add_option("--config", credential.configuration, "The vault's TOML file")->required();
  adding->add_option("repository", credential.repository, "Such as imo or imo/website")->required();
  adding->add_option("--password-file", credential.password_file,
                     "Take the password from here; otherwise a random one is printed once");
  adding->add_flag("--replace", credential.replace, "In place of the one that there is");

  CLI11_PARSE(app, argc, argv);
  if (serving->parsed()) return exit_status(serve(configuration));
  return exit_status(add(credential));
}

}  // namespace
}  // namespace bulkhead::vault

int main(int argc, char** argv) {
  bulkhead::log::start("bulkhead-vault");
  ::umask(0077);
  try {
    return bulkhead::vault::run(argc, argv);
  } catch (const std::exception& exception) {
    fmt::print(stderr, "bulkhead-vault: {}\n", exception.what());
    return 1;
  }
}
