#include "repository/keys.h"

#include <algorithm>

#include <fmt/format.h>

#include "json/value.h"
#include "repository/internal/decode_time.h"
#include "repository/internal/host.h"
#include "repository/key_file.h"

namespace bulkhead::repository {

using storage::FileType;

namespace {

Result<KeyInfo> decode_info(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  KeyInfo info;
  info.username = TRY(value["username"].to_string("the key's username"));
  info.hostname = TRY(value["hostname"].to_string("the key's hostname"));
  info.created = TRY(decode_time(value["created"], "the key's time"));
  return info;
}

Result<void> remove_file(Repository& repository, const std::string& id) {
  TRY_CONTEXT(repository.backend().remove({FileType::key, id}), "removing key " + id.substr(0, 8));
  return {};
}

}  // namespace

Result<std::vector<KeyInfo>> list_keys(Repository& repository) {
  std::vector<KeyInfo> keys;
  const auto files = TRY_CONTEXT(repository.backend().list(FileType::key), "listing keys");
  for (const storage::FileInfo& file : files) {
    const Bytes text = TRY_CONTEXT(repository.backend().load({FileType::key, file.name}),
                                   "key " + file.name.substr(0, 8));
    auto info = decode_info(as_text(text));
    if (!info) continue;
    info->id = file.name;
    info->current = file.name == repository.key_name();
    keys.push_back(*std::move(info));
  }
  std::ranges::sort(keys, {}, &KeyInfo::id);
  return keys;
}

Result<std::string> add_key(Repository& repository, std::string_view password, const NewKey& key) {
  const auto existing = TRY_CONTEXT(repository.backend().list(FileType::key), "listing keys");
  if (existing.size() >= kKeysTriedMax) {
    return fail(ErrorKind::limit,
                fmt::format("the repository has {} keys, and no more than {} are tried; remove one",
                            existing.size(), kKeysTriedMax));
  }
  const KeyFileOptions options{.created = repository.clock().now(),
                               .username = key.username.empty() ? this_user() : key.username,
                               .hostname = key.hostname.empty() ? this_host() : key.hostname,
                               .cost = {.n = key.scrypt_n}};
  const std::string text =
      TRY(encode_key_file(repository.key(), password, options, repository.random()));
  std::string id = to_hex(crypto::sha256(as_bytes(text)));
  TRY_CONTEXT(repository.backend().save({FileType::key, id}, as_bytes(text)), "saving the key");
  // A key that does not open what it is for would be found out too late.
  const Bytes stored =
      TRY_CONTEXT(repository.backend().load({FileType::key, id}), "reading the key back");
  TRY_CONTEXT(open_key_file(as_text(stored), password), "the key that was saved");
  return id;
}

Result<std::string> remove_key(Repository& repository, const std::string& beginning) {
  std::string found;
  for (const storage::FileInfo& file : TRY(repository.backend().list(FileType::key))) {
    if (beginning.empty() || !file.name.starts_with(beginning)) continue;
    if (!found.empty()) {
      return fail(ErrorKind::invalid, fmt::format("several keys begin with {}", beginning));
    }
    found = file.name;
  }
  if (found.empty()) {
    return fail(ErrorKind::not_found, fmt::format("there is no key \"{}\"", beginning));
  }
  if (found == repository.key_name()) {
    return fail(ErrorKind::invalid,
                "this key opened the repository just now; open it with another to remove it");
  }
  TRY(remove_file(repository, found));
  return found;
}

Result<std::string> change_password(Repository& repository, std::string_view password,
                                    const NewKey& key) {
  std::string id = TRY(add_key(repository, password, key));
  TRY(remove_file(repository, repository.key_name()));
  return id;
}

}  // namespace bulkhead::repository
