#include "vault/repositories.h"

#include "vault/request_path.h"

namespace bulkhead::vault {
namespace {

// Two elements deep at most; the folders of a repository's own layout are no names.
Result<std::vector<std::string>> repositories_in(const Path& data) {
  std::vector<std::string> names;
  std::error_code code;
  std::filesystem::recursive_directory_iterator entries(data, code);
  if (code) return fail_errno(code.value(), data.native());
  if (RepositoryStore::is_at(data)) names.emplace_back();
  while (entries != std::filesystem::recursive_directory_iterator()) {
    const std::string name = entries->path().lexically_relative(data).native();
    const bool may_be = is_repository_name(name) && entries->is_directory(code);
    if (may_be && RepositoryStore::is_at(entries->path())) names.push_back(name);
    const bool deepest = entries.depth() + 1 >= static_cast<int>(kRepositoryDepthMax);
    if (!may_be || deepest) entries.disable_recursion_pending();
    entries.increment(code);
    if (code) return fail_errno(code.value(), data.native());
  }
  return names;
}

}  // namespace

Repositories::Store Repositories::make(const std::string& name) const {
  return std::make_shared<RepositoryStore>(name, configuration_.data / name,
                                           configuration_.policy_of(name), around_);
}

Result<void> Repositories::open_all() {
  for (const std::string& name : TRY(repositories_in(configuration_.data))) {
    Store store = make(name);
    TRY_CONTEXT(store->open(), "repository " + name);
    stores_.with([&](Stores& stores) { stores[name] = std::move(store); });
  }
  return {};
}

Result<Repositories::Store> Repositories::find(const std::string& name) const {
  return stores_.with([&](const Stores& stores) -> Result<Store> {
    const auto found = stores.find(name);
    if (found == stores.end()) return fail(ErrorKind::not_found, "there is no repository here");
    return found->second;
  });
}

Result<Repositories::Store> Repositories::create(const std::string& name) {
  // Under the lock, so that of two requests at once one creates and the other finds.
  return stores_.with([&](Stores& stores) -> Result<Store> {
    const auto found = stores.find(name);
    if (found != stores.end()) return found->second;
    Store store = make(name);
    TRY(store->create());
    TRY(store->open());
    return stores.emplace(name, std::move(store)).first->second;
  });
}

std::vector<Repositories::Named> Repositories::all() const {
  return stores_.with([](const Stores& stores) {
    std::vector<Named> all;
    for (const auto& [name, store] : stores) all.push_back({name, store});
    return all;
  });
}

Result<void> Repositories::destroy(const std::string& name) {
  const Store store = TRY(find(name));
  // It takes nothing in from here on. Where its files cannot be removed it stays in the map, so
  // that the next try finds it.
  TRY(store->destroy());
  stores_.with([&](Stores& stores) { stores.erase(name); });
  return {};
}

}  // namespace bulkhead::vault
