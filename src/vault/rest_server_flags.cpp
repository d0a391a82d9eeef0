#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "vault/configuration.h"

namespace bulkhead::vault {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

Result<void> read_listen(std::string_view listen, Configuration& configuration) {
  if (listen.starts_with(kUnixPrefix)) {
    configuration.unix_socket = listen.substr(kUnixPrefix.size());
    return {};
  }
  const std::size_t colon = listen.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : parse_u64(listen.substr(colon + 1));
  if (!port || *port > UINT16_MAX) {
    return fail(ErrorKind::invalid,
                fmt::format("--listen {}: wanted is ADDRESS:PORT, :PORT or unix:PATH", listen));
  }
  configuration.port = static_cast<std::uint16_t>(*port);
  std::string_view address = listen.substr(0, colon);
  if (address.starts_with('[') && address.ends_with(']')) {
    address = address.substr(1, address.size() - 2);
  }
  configuration.address = address.empty() ? "::" : address == "localhost" ? "127.0.0.1" : address;
  return {};
}

}  // namespace

Result<Configuration> configuration_of(const RestServerFlags& flags) {
  Configuration configuration;
  if (flags.path.empty()) return fail(ErrorKind::invalid, "--path: name the folder to serve");
  configuration.data = flags.path;
  TRY(read_listen(flags.listen, configuration));
  if (flags.tls) {
    configuration.certificate = flags.tls_cert.empty() ? flags.path / "public_key" : flags.tls_cert;
    configuration.key = flags.tls_key.empty() ? flags.path / "private_key" : flags.tls_key;
  } else if (!flags.tls_cert.empty() || !flags.tls_key.empty()) {
    return fail(ErrorKind::invalid, "--tls-cert and --tls-key need --tls");
  }
  configuration.root_repository = true;
  configuration.credentials.form =
      flags.no_auth ? CredentialForm::nobody_asked : CredentialForm::htpasswd;
  configuration.credentials.file =
      flags.htpasswd_file.empty() ? flags.path / ".htpasswd" : flags.htpasswd_file;
  configuration.credentials.reach =
      flags.private_repos ? Reach::own_folder : Reach::every_repository;
  if (flags.no_auth && flags.private_repos) {
    return fail(ErrorKind::invalid, "--private-repos needs users, and --no-auth has none");
  }
  if (!flags.no_auth && !std::filesystem::exists(configuration.credentials.file)) {
    return fail(ErrorKind::not_found,
                fmt::format("there is no {}; make it with htpasswd -B -c, or give --no-auth",
                            configuration.credentials.file.native()));
  }
  configuration.size_max = flags.max_size;
  if (flags.prometheus) {
    configuration.public_metrics =
        flags.prometheus_no_auth ? PublicMetrics::to_all : PublicMetrics::to_credentials;
  }
  return configuration;
}

}  // namespace bulkhead::vault
