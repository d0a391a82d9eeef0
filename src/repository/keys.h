// The passwords of a repository: each has a key file that holds the master key (key_file.h). Adding
// or removing one changes nothing of what is stored, and whoever has copied a key file may open the
// repository with its password for ever.
#pragma once

#include <string>
#include <vector>

#include "repository/repository.h"

namespace bulkhead::repository {

struct KeyInfo {
  std::string id;
  bool current = false;  // the one that this repository was opened with
  std::string username;
  std::string hostname;
  WallTime created{};
};

struct NewKey {
  std::string username;  // empty: this process's
  std::string hostname;  // empty: this host's
  std::uint64_t scrypt_n = 32768;
};

// By their ids. Files that cannot be read are left out.
Result<std::vector<KeyInfo>> list_keys(Repository& repository);

// Answers the new key's id, once the repository was opened with it. Kind limit where there are so
// many keys already that another would not be tried.
Result<std::string> add_key(Repository& repository, std::string_view password, const NewKey& key);

// By the beginning of its id. Kind invalid for the key in use and for several, not_found for none.
Result<std::string> remove_key(Repository& repository, const std::string& beginning);

// A new key in place of the one in use. Should the old one not go, both open the repository.
Result<std::string> change_password(Repository& repository, std::string_view password,
                                    const NewKey& key);

}  // namespace bulkhead::repository
