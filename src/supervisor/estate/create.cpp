#include "supervisor/estate/create.h"

#include <cerrno>
#include <set>

#include <fmt/format.h>
#include <unistd.h>

#include "base/process.h"
#include "base/text.h"
#include "crypto/certificate.h"
#include "crypto/signing_key.h"
#include "supervisor/control/estate_ledger.h"
#include "supervisor/estate/internal/ports.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kEstateFileSizeMax = 1 << 20;
constexpr std::size_t kPasswordBytes = 32;
constexpr std::string_view kFirstGeneration = "g1";

Result<void> copy_tree(const Path& from, const Path& to) {
  std::error_code error;
  TRY(make_directories(to.parent_path()));
  std::filesystem::copy(from, to,
                        std::filesystem::copy_options::recursive |
                            std::filesystem::copy_options::copy_symlinks |
                            std::filesystem::copy_options::overwrite_existing,
                        error);
  if (!error) return {};
  return fail(ErrorKind::io,
              fmt::format("copying {} to {}: {}", from.native(), to.native(), error.message()));
}

bool is_there(const Path& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

// A table of people and secrets that are nobody's: worth opening for a thief, useless to anybody
// else, and, unlike real secrets, read by no program.
std::string canary_content(const Path& path, Random& random) {
  std::string out;
  if (path.extension() == ".pdf") out = "%PDF-1.4\n% archived copy\n";
  out += "name,account,secret,changed\n";
  constexpr std::string_view kNames[] = {"Archer",  "Bello",  "Castro", "Diallo",
                                         "Eriksen", "Farouk", "Gupta",  "Haddad",
                                         "Ivanov",  "Jansen", "Kimura", "Laurent"};
  for (int row = 0; row < 200; ++row) {
    const std::string_view name = kNames[random.below(std::size(kNames))];
    out += fmt::format("{},{}{:03},{},2019-{:02}-{:02}\n", name, to_lower_ascii(name),
                       random.below(1000), to_hex(random.bytes(6)), 1 + random.below(12),
                       1 + random.below(28));
  }
  return out;
}

Result<void> make_dataset(const ServiceConfig& service, const Path& from, const Layout& layout,
                          Random& random) {
  const Path first = layout.generation(service.name, kFirstGeneration);
  const Path content = from / "content" / service.name;
  if (is_there(content)) {
    TRY(copy_tree(content, first));
  } else {
    TRY(make_directories(first));
  }
  for (const Path& canary : service.canaries) {
    if (is_there(first / canary)) {
      return fail(ErrorKind::conflict,
                  fmt::format("{} is named as a canary of {}, but its content has such a file",
                              canary.native(), service.name));
    }
    TRY(make_directories((first / canary).parent_path()));
    TRY(write_file_atomic(first / canary, as_bytes(canary_content(canary, random))));
  }
  return replace_symlink(layout.current_generation(service.name), kFirstGeneration);
}

Result<void> write_secret(const Path& path, std::string_view content) {
  return write_file_atomic(path, as_bytes(content), 0600);
}

std::vector<std::string> gateway_names(const Estate& estate) {
  std::set<std::string> names = {estate.status_host(), estate.gateway.domain};
  for (const ServiceConfig& service : estate.services) {
    names.insert(service.hostnames.begin(), service.hostnames.end());
    if (service.kind == ServiceKind::http) {
      const std::vector<std::string> hosts = estate.cleanroom_hosts(service);
      names.insert(hosts.begin(), hosts.end());
    } else {
      names.insert(fmt::format("{}.{}", service.name, estate.gateway.domain));
    }
  }
  std::vector<std::string> out = {estate.status_host()};
  names.erase(estate.status_host());
  out.insert(out.end(), names.begin(), names.end());
  if (estate.gateway.address != "0.0.0.0" && estate.gateway.address != "::") {
    out.push_back(estate.gateway.address);
  }
  return out;
}

Result<crypto::CertifiedKey> make_secrets(const Estate& estate, const Layout& layout,
                                          const Clock& clock, Random& random) {
  TRY(make_directories(layout.secrets(), 0700));
  crypto::CertifiedKey authority = TRY(crypto::make_authority(
      {.common_name = fmt::format("{} estate authority", estate.name)}, clock));
  TRY(write_secret(layout.ca_key(), authority.key));
  TRY(write_file_atomic(layout.ca_certificate(), as_bytes(authority.certificate)));
  const crypto::CertifiedKey gateway =
      TRY(crypto::make_server_certificate(authority, {.names = gateway_names(estate)}, clock));
  TRY(write_secret(layout.gateway_certificate(), gateway.certificate + gateway.key));
  const crypto::SigningKey pass_key = TRY(crypto::SigningKey::generate());
  const std::string pass_pem = TRY(pass_key.private_pem());
  TRY(write_secret(layout.pass_key(), pass_pem));
  TRY(write_secret(layout.repository_password(),
                   to_base64url(random.bytes(kPasswordBytes)) + "\n"));
  TRY(write_secret(layout.vault_password(), to_base64url(random.bytes(kPasswordBytes)) + "\n"));
  TRY(EstateLedger::make_key(estate, layout, random));
  return authority;
}

// What bulkhead-vault prints.
Result<std::string> ask_vault(const Path& program_folder, std::vector<std::string> arguments) {
  const std::string what = fmt::format("bulkhead-vault {} {}", arguments[0], arguments[1]);
  arguments.insert(arguments.begin(), (program_folder / "bulkhead-vault").native());
  ProcessOptions options;
  options.arguments = std::move(arguments);
  options.environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"};
  const RunResult done = TRY_CONTEXT(run(std::move(options), {}, 1 << 16, 60s), what);
  if (done.status.success()) return done.output;
  return fail(ErrorKind::internal, fmt::format("{}: {}", what, trim(done.error_output)));
}

// The site geneva in the same folder: its own certificate, and the hash of one credential.
Result<void> make_vault(const Estate& estate, const Layout& layout,
                        const crypto::CertifiedKey& authority, const Path& program_folder,
                        const Clock& clock) {
  const Path folder = layout.vault();
  TRY(make_directories(folder / "data", 0700));
  const std::string_view authority_part =
      std::string_view(estate.vault.url).substr(std::string_view("https://").size());
  std::set<std::string> names = {std::string(split_once(authority_part, ':')->first), "localhost",
                                 fmt::format("vault.{}", estate.gateway.domain)};
  const crypto::CertifiedKey certificate = TRY(crypto::make_server_certificate(
      authority, {.names = std::vector<std::string>(names.begin(), names.end())}, clock));
  TRY(write_secret(folder / "vault.crt", certificate.certificate));
  TRY(write_secret(folder / "vault.key", certificate.key));
  const Path configuration = folder / "vault.toml";
  const std::string text = fmt::format(
      "# The vault of this estate (site {}): see docs/formats/vault.md.\n"
      "address = \"127.0.0.1\"\nport = {}\ndata = \"data\"\ncertificate = \"vault.crt\"\n"
      "key = \"vault.key\"\ncredentials = \"credentials\"\nwitness = \"witness\"\n",
      estate.vault.site, estate.vault.port);
  TRY(write_secret(configuration, text));
  // As its own operators would, who are told two things: a credential, and the ledger's key.
  TRY(ask_vault(program_folder,
                {"credential", "add", "--config", configuration.native(), estate.vault.repository,
                 "--password-file", layout.vault_password().native()}));
  const std::string witness =
      TRY(ask_vault(program_folder, {"witness", "add", "--config", configuration.native(),
                                     layout.ledger_verifier_key().native()}));
  return write_file_atomic(layout.witness_verifier_key(), as_bytes(witness));
}

// What compartments see read-only, from the description into the estate.
Result<void> copy_files(const Estate& estate, const Path& from, const Layout& layout) {
  for (const ServiceConfig& service : estate.services) {
    const Path config = Path("services") / fmt::format("{}.toml", service.name);
    if (is_there(from / config)) TRY(copy_tree(from / config, layout.folder() / config));
    for (const Mount& mount : service.mounts) {
      if (is_there(layout.folder() / mount.from)) continue;
      if (!is_there(from / mount.from)) {
        return fail(ErrorKind::not_found,
                    fmt::format("service {} mounts \"{}\", which is not in {}", service.name,
                                mount.from.native(), from.native()));
      }
      TRY(copy_tree(from / mount.from, layout.folder() / mount.from));
    }
  }
  return {};
}

Result<std::string> described(const CreateOptions& options) {
  const Path file = options.from / "estate.toml";
  const std::string text = TRY(read_text_file(file, kEstateFileSizeMax));
  const Estate estate = TRY(parse_estate(text, file.native()));
  auto ports = options.ports;
  if (options.free_ports) {
    std::vector<std::string> names = {"https", "vault"};
    for (const ServiceConfig& service : estate.services) {
      for (const PortConfig& port : service.ports) {
        names.push_back(fmt::format("{}.{}", service.name, port.name));
      }
    }
    const std::vector<std::uint16_t> found = TRY(internal::free_ports(names.size()));
    for (std::size_t i = 0; i < names.size(); ++i) ports.emplace(names[i], found[i]);
  }
  return with_ports(text, ports);
}

Result<void> fill(const CreateOptions& options, const Layout& layout, const Clock& clock,
                  Random& random) {
  const std::string text = TRY(described(options));
  TRY(make_directories(layout.folder()));
  TRY(write_file_atomic(layout.estate_file(), as_bytes(text)));
  const Estate estate = TRY(read_estate(layout.folder()));
  for (const Path& folder : {layout.run(), layout.state(), layout.logs()}) {
    TRY(make_directories(folder, folder == layout.run() ? 0700 : 0750));
  }
  TRY(copy_files(estate, options.from, layout));
  for (const ServiceConfig& service : estate.services) {
    TRY(make_dataset(service, options.from, layout, random));
  }
  const crypto::CertifiedKey authority = TRY(make_secrets(estate, layout, clock, random));
  if (estate.vault.run_here) {
    TRY(make_vault(estate, layout, authority, options.program_folder, clock));
  }
  if (options.for_drill) {
    TRY(write_file_atomic(layout.drill_marker(), as_bytes("made for a drill\n")));
  }
  return {};
}

}  // namespace

Result<Estate> create_estate(const CreateOptions& options, const Clock& clock, Random& random) {
  std::error_code error;
  const Path at = std::filesystem::absolute(options.at, error).lexically_normal();
  if (error) return fail(ErrorKind::invalid, fmt::format("{} is no path", options.at.native()));
  if (is_there(at) && !std::filesystem::is_empty(at, error)) {
    return fail(ErrorKind::conflict,
                fmt::format("{} is there already and not empty; name another folder", at.native()));
  }
  TRY(make_directories(at.parent_path()));
  Path partial = at;
  partial += ".partial-" + to_hex(random.bytes(4));
  const auto filled = fill(options, Layout(partial), clock, random);
  if (!filled) {
    const auto removed = remove_tree(partial);
    if (!removed) return std::unexpected(removed.error().with_context(filled.error().message()));
    return std::unexpected(filled.error());
  }
  if (::rename(partial.c_str(), at.c_str()) != 0) return fail_errno(errno, at.native());
  TRY(sync_directory(at.parent_path()));
  return read_estate(at);
}

}  // namespace bulkhead::supervisor
