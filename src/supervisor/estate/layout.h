// Where things are in an estate's folder: the only place that knows its file names. Paths of
// sockets are also given relative to the folder, since the kernel limits them to 107 bytes;
// bulkheadd and the gateway run with the estate's folder as their working directory.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/file.h"

namespace bulkhead::supervisor {

// "g3" -> 3; 0 for what is no generation's name. A later one has the higher number.
std::uint64_t generation_number(std::string_view generation);

class Layout {
 public:
  explicit Layout(Path folder) : folder_(std::move(folder)) {}

  const Path& folder() const { return folder_; }
  Path estate_file() const { return folder_ / "estate.toml"; }
  Path drill_marker() const { return folder_ / ".drill-estate"; }
  Path service_config(std::string_view service) const;  // services/<name>.toml
  Path dataset(std::string_view service) const;         // datasets/<service>
  Path generation(std::string_view service, std::string_view generation) const;  // …/g1
  Path current_generation(std::string_view service) const;  // …/current, a symlink to g1
  Path ca_certificate() const { return folder_ / "ca.crt"; }
  Path secrets() const { return folder_ / "secrets"; }
  Path ca_key() const { return secrets() / "ca.key"; }
  Path gateway_certificate() const { return secrets() / "gateway.pem"; }  // with its key
  Path pass_key() const { return secrets() / "pass.key"; }
  Path vault_password() const { return secrets() / "vault.password"; }
  Path repository_password() const { return secrets() / "repository.password"; }
  Path ledger() const { return folder_ / "ledger"; }
  Path ledger_key() const { return secrets() / "ledger.key"; }
  Path ledger_verifier_key() const { return folder_ / "ledger.vkey"; }    // public
  Path ledger_cosigned() const { return folder_ / "ledger.cosigned"; }    // by the vault, newest
  Path witness_verifier_key() const { return folder_ / "witness.vkey"; }  // the vault's; public
  Path gateway() const { return folder_ / "gateway"; }
  Path pass_public_key() const { return gateway() / "pass.pub"; }
  Path status_pages() const { return folder_ / "public" / "status"; }
  Path incidents() const { return folder_ / "incidents"; }
  Path reports() const { return folder_ / "reports"; }
  Path logs() const { return folder_ / "logs"; }
  Path run() const { return folder_ / "run"; }
  Path vault() const { return folder_ / "vault"; }
  Path state() const { return folder_ / "state"; }  // exposure, events: survives a restart
  Path reserved_space() const { return state() / "reserve"; }  // given up when the disk is full
  Path lock_file() const { return folder_ / "run" / "bulkheadd.lock"; }
  // run/<service>/<instance>: what the compartment sees as /run/service.
  Path socket_directory(std::string_view service, std::string_view instance) const;
  Path control_socket() const { return run() / "control.sock"; }
  Path audit_socket() const { return run() / "audit.sock"; }
  // run/<service>/<current|cleanroom|instance>/service.sock, relative to the folder.
  static Path socket_relative(std::string_view service, std::string_view instance,
                              std::string_view socket = "service.sock");

 private:
  Path folder_;
};

}  // namespace bulkhead::supervisor
