// The vault's configuration file: docs/formats/vault.md, "Configuration".
#pragma once

#include <cstdint>
#include <string>

#include "base/file.h"

namespace bulkhead::vault {

struct Limits {
  std::uint64_t file_size_max = 256u << 20;
  std::uint64_t repository_size_max = 0;     // 0: the disk is the limit
  std::uint64_t free_space_min = 64u << 20;  // of the disk: below that nothing is taken in
  std::size_t keys_max = 16;                 // restic tries 20
  std::size_t locks_max = 1000;
};

enum class KeyPolicy { frozen_after_first_snapshot, open };

struct Configuration {
  std::string address;
  std::uint16_t port = 0;
  Path data;
  Path certificate;
  Path key;
  Path credentials;
  Path metrics_socket;  // empty: none
  std::size_t threads = 32;
  KeyPolicy keys = KeyPolicy::frozen_after_first_snapshot;
  Limits limits;
};

// Relative paths in it are relative to its own folder.
Result<Configuration> read_configuration(const Path& file);

}  // namespace bulkhead::vault
