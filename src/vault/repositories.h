// The repositories of a vault, by name. All that lie in its folder are opened at the start; one
// comes when a client creates it, and goes when two officers and the delay have destroyed it.
// Thread-safe.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "vault/repository_store.h"

namespace bulkhead::vault {

class Repositories {
 public:
  // Shared, since a request may still be under way when the repository is destroyed.
  using Store = std::shared_ptr<RepositoryStore>;
  struct Named {
    std::string name;
    Store store;
  };

  Repositories(const Configuration& configuration, const Surroundings& surroundings)
      : configuration_(configuration), around_(surroundings) {}

  Result<void> open_all();
  // Kind not_found where it was not created.
  Result<Store> find(const std::string& name) const;
  // What is there already is found.
  Result<Store> create(const std::string& name);
  std::vector<Named> all() const;
  Result<void> destroy(const std::string& name);

 private:
  using Stores = std::map<std::string, Store, std::less<>>;
  Store make(const std::string& name) const;

  const Configuration& configuration_;
  const Surroundings around_;
  Guarded<Stores> stores_;
};

}  // namespace bulkhead::vault
