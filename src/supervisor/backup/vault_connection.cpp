#include "supervisor/backup/vault_connection.h"

#include "base/text.h"
#include "storage/retrying.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::size_t kSecretSizeMax = 4096;

Result<crypto::Secret> read_secret(const Path& path) {
  Bytes content = TRY(read_file(path, kSecretSizeMax));
  crypto::Secret secret = crypto::Secret::copy_of(trim(as_text(content)));
  crypto::wipe(content);
  if (secret.empty()) return fail(ErrorKind::invalid, path.string() + " is empty");
  return secret;
}

Result<std::unique_ptr<repository::Repository>> open_or_init(const VaultConfig& config,
                                                             const Layout& layout,
                                                             const std::stop_token& stop) {
  const crypto::Secret credential = TRY(read_secret(layout.vault_password()));
  const crypto::Secret password = TRY(read_secret(layout.repository_password()));
  storage::OpenOptions options;
  options.rest_user = config.user;
  options.rest_password = std::string(credential.text());
  options.ca_certificate_file = layout.ca_certificate().string();
  const auto make_backend = [&]() -> Result<std::unique_ptr<storage::Backend>> {
    auto backend = TRY(storage::open_backend(config.location(), options));
    return storage::with_retries(std::move(backend), {.stop = stop});
  };
  auto backend = TRY(make_backend());
  auto opened = repository::Repository::open(std::move(backend), password.text());
  if (opened || opened.error().kind() != ErrorKind::not_found) return opened;
  backend = TRY(make_backend());
  return repository::Repository::init(std::move(backend), password.text());
}

}  // namespace

Result<std::shared_ptr<repository::Repository>> VaultConnection::open() {
  const std::lock_guard lock(mutex_);
  if (repository_ == nullptr) repository_ = TRY(connect_(stop_.get_token()));
  return repository_;
}

void VaultConnection::reset() {
  const std::lock_guard lock(mutex_);
  repository_.reset();
}

VaultConnection::Connect connect_to_vault(VaultConfig config, Layout layout) {
  return [config = std::move(config), layout = std::move(layout)](const std::stop_token& stop) {
    auto repository = open_or_init(config, layout, stop);
    if (!repository) {
      return decltype(repository)(
          std::unexpected(repository.error().with_context("opening the vault at " + config.url)));
    }
    return repository;
  };
}

}  // namespace bulkhead::supervisor
