// bulkhead-vault rebuild: a repository's folder, or what it lacks, from the object store; on the
// vault's machine, while the vault is stopped.
#pragma once

#include <string>
#include <vector>

#include "vault/configuration.h"

namespace bulkhead::vault {

struct RebuildOptions {
  Path configuration;
  std::vector<std::string> repositories;
  std::string before;  // RFC 3339; empty: all that the store has
};

// Prints what it did. Kind corrupt where the store has a file of which no version is whole; what it
// could bring back is there then. After an error it goes on where it was when it is called again.
Result<void> rebuild(const RebuildOptions& options);

}  // namespace bulkhead::vault
