#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/vault/verbs.h"
#include "crypto/sha256.h"
#include "repository/parity.h"
#include "storage/backend.h"
#include "storage/file_names.h"

namespace bulkhead::cli::vault {
namespace {

using storage::Backend;
using storage::FileId;
using storage::FileType;

constexpr std::size_t kPasswordFileSizeMax = 4096;

// One side: where it is, and how to get in. No secret stands on the command line.
struct Side {
  std::string location;
  std::string user;
  std::string password_file;
  std::string authority;
  std::string client_certificate;
};

struct MirrorVerb {
  Side from;
  Side to;
};

struct Sums {
  std::uint64_t copied = 0;
  std::uint64_t bytes = 0;
  std::uint64_t there = 0;
  std::uint64_t failed = 0;
};

void add_side(Command& command, const std::string& name, Side& side) {
  command.option("--" + name, side.location, "As restic names repositories: rest:https://…, PATH")
      .option("--" + name + "-user", side.user, "For rest")
      .option("--" + name + "-password-file", side.password_file, "For rest")
      .option("--" + name + "-cacert", side.authority, "PEM of the authority, for rest")
      .option("--" + name + "-tls-client-cert", side.client_certificate,
              "PEM with certificate and key, for rest");
}

Result<std::unique_ptr<Backend>> open(const Side& side) {
  storage::OpenOptions options;
  options.rest_user = side.user;
  if (!side.password_file.empty()) {
    options.rest_password = trim(TRY(read_text_file(side.password_file, kPasswordFileSizeMax)));
  }
  options.ca_certificate_file = side.authority;
  options.client_certificate_file = side.client_certificate;
  return storage::open_backend(side.location, options);
}

// Nothing where the side does not know the type: a server that is no vault of ours has no parity.
Result<std::optional<std::vector<storage::FileInfo>>> list(Backend& side, FileType type) {
  auto files = side.list(type);
  if (files) return std::optional(std::move(*files));
  const bool is_unknown = files.error().kind() == ErrorKind::not_found;
  if (is_unknown && type == FileType::parity) return std::nullopt;
  return std::unexpected(files.error());
}

// The bytes are compared with their name before they go on: a source that is damaged, or lies,
// spoils no copy.
Result<std::uint64_t> copy(Backend& from, Backend& to, const FileId& id) {
  const Bytes content = TRY(from.load(id));
  const bool is_its_own =
      id.type == FileType::parity
          ? repository::parity_is_whole(TRY(repository::PackId::from_hex(id.name)), content)
          : to_hex(crypto::sha256(content)) == id.name;
  if (!is_its_own) {
    return fail(ErrorKind::corrupt, storage::describe(id) + ": the source's bytes are not its own");
  }
  TRY(to.save(id, content));
  return content.size();
}

Result<void> copy_config(Backend& from, Backend& to) {
  const FileId id{FileType::config, ""};
  const Bytes config = TRY_CONTEXT(from.load(id), "the source's config");
  const auto known = to.load(id);
  if (known && *known == config) return {};
  if (known) {
    return fail(ErrorKind::conflict, to.location() + " is another repository than the source");
  }
  if (known.error().kind() != ErrorKind::not_found) return std::unexpected(known.error());
  TRY(to.create());
  return to.save(id, config);
}

Result<void> copy_missing(Backend& from, Backend& to, FileType type,
                          const std::vector<storage::FileInfo>& wanted, Sums& sums) {
  const auto known = TRY(list(to, type));
  if (!known) {
    if (wanted.empty()) return {};
    fmt::print(stderr, "bulkhead: {} keeps no parity: {} files are left out\n", to.location(),
               wanted.size());
    return {};
  }
  std::set<std::string> there;
  for (const storage::FileInfo& file : *known) there.insert(file.name);
  for (const storage::FileInfo& file : wanted) {
    if (there.contains(file.name)) {
      ++sums.there;
      continue;
    }
    const auto copied = copy(from, to, {type, file.name});
    if (copied) {
      ++sums.copied;
      sums.bytes += *copied;
      continue;
    }
    // A key that came after the mirror's first snapshot needs an officer's order there. Parity that
    // is damaged, or was made anew, mends nothing less of what comes after it.
    const ErrorKind kind = copied.error().kind();
    if ((type == FileType::key && kind == ErrorKind::denied) ||
        (type == FileType::parity && kind != ErrorKind::unavailable)) {
      fmt::print(stderr, "bulkhead: {}\n", copied.error().message());
      ++sums.failed;
      continue;
    }
    // What is left out would be missed by what comes after it.
    return std::unexpected(copied.error());
  }
  return {};
}

Result<int> mirror(const MirrorVerb& verb) {
  if (verb.from.location.empty() || verb.to.location.empty()) {
    return fail(ErrorKind::invalid, "--from and --to are needed");
  }
  const auto from = TRY(open(verb.from));
  const auto to = TRY(open(verb.to));
  TRY(copy_config(*from, *to));
  // Listed against the order in which they are written, so that all that a snapshot needs is among
  // what is listed after it; copied in that order, so that the copy is whole at any time.
  constexpr FileType kListed[] = {FileType::snapshot, FileType::index, FileType::parity,
                                  FileType::data, FileType::key};
  std::map<FileType, std::vector<storage::FileInfo>> lists;
  for (const FileType type : kListed) {
    lists[type] = TRY(list(*from, type)).value_or(std::vector<storage::FileInfo>());
  }
  Sums sums;
  for (const FileType type :
       {FileType::key, FileType::data, FileType::parity, FileType::index, FileType::snapshot}) {
    TRY(copy_missing(*from, *to, type, lists[type], sums));
  }
  fmt::print("{} files ({} bytes) copied and verified, {} were there, {} refused\n", sums.copied,
             sums.bytes, sums.there, sums.failed);
  return sums.failed == 0 ? kExitSuccess : kExitIncomplete;
}

}  // namespace

void add_mirror(Command& vault) {
  auto verb = std::make_shared<MirrorVerb>();
  Command& command = vault.subcommand(
      "mirror", "Pull a repository from one vault into another, or onto a disk, verifying it");
  add_side(command, "from", verb->from);
  add_side(command, "to", verb->to);
  command.on_run([verb] { return mirror(*verb); });
}

}  // namespace bulkhead::cli::vault
