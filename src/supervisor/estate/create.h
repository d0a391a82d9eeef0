// Makes an estate's folder from a description (estates/imo): layout, first generation of every
// dataset, canaries, secrets, certificates, and, where the vault is on the same machine, the vault
// with its credential. It appears under its name only when it is complete.
#pragma once

#include <map>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor {

struct CreateOptions {
  Path from;            // holds estate.toml, content/<service>/, services/<service>.toml
  Path at;              // must not exist, or be empty
  Path program_folder;  // of bulkhead-vault
  // New values of ports, by "https", "http", "vault", "mail.smtp".
  std::map<std::string, std::uint16_t, std::less<>> ports;
  bool free_ports = false;  // take ports that are free now for all that `ports` does not name
  bool for_drill = false;   // leaves the marker that lets a simulated attacker work in it
};

// The estate as it was made. Kind conflict where `at` holds something already.
Result<Estate> create_estate(const CreateOptions& options, const Clock& clock, Random& random);

// estate.toml with other ports, comments and all else as they were. Kind not_found for a port that
// it does not have.
Result<std::string> with_ports(std::string_view text,
                               const std::map<std::string, std::uint16_t, std::less<>>& ports);

}  // namespace bulkhead::supervisor
