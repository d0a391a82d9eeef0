#include "vault/receipts.h"

#include <cerrno>

#include <unistd.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kPieceSize = 256 * 1024;
constexpr std::size_t kLineSizeMax = 4096;

Result<void> end_unfinished_line(int file, const Path& path, FileLayer& files) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) return fail_errno(errno, path.string());
  char last = '\n';
  if (size > 0 && ::pread(file, &last, 1, size - 1) != 1) return fail_errno(errno, path.string());
  if (last == '\n') return {};
  return files.write(file, as_bytes("\n"));
}

std::optional<Receipt> parse_receipt(std::string_view line) {
  const auto value = json::parse(line);
  if (!value) return std::nullopt;
  const auto received = (*value)["received"].to_string("received");
  const auto name = (*value)["file"].to_string("file");
  const auto size = (*value)["size"].to_u64("size");
  if (!received || !name || !size) return std::nullopt;
  const auto time = from_rfc3339(*received);
  if (!time) return std::nullopt;
  const std::string* client = (*value)["client"].string();
  return Receipt{*time, *name, *size, client != nullptr ? *client : ""};
}

}  // namespace

Result<std::unique_ptr<ReceiptLog>> ReceiptLog::open(Path path, FileLayer& files) {
  FileDescriptor file = TRY(files.open_log(path));
  TRY(end_unfinished_line(file.get(), path, files));
  TRY(files.sync_folder(path.parent_path()));
  return std::unique_ptr<ReceiptLog>(new ReceiptLog(std::move(path), std::move(file), files));
}

Result<void> ReceiptLog::append(const Receipt& receipt) { return sync(TRY(write(receipt))); }

Result<std::uint64_t> ReceiptLog::write(const Receipt& receipt) {
  const std::string line = json::write(json::Object{{"received", to_rfc3339(receipt.received)},
                                                    {"file", receipt.file},
                                                    {"size", receipt.size},
                                                    {"client", receipt.client}}) +
                           "\n";
  std::unique_lock lock(mutex_);
  if (broken_) return fail(ErrorKind::io, path_.string() + ": an earlier sync failed");
  const auto written = files_.write(file_.get(), as_bytes(torn_ ? "\n" + line : line));
  // A full disk may leave a line in part: the next one is not glued to it.
  torn_ = !written;
  if (!written) return std::unexpected(written.error().with_context(path_.string()));
  const std::uint64_t own = ++written_;
  // Where others wait for the disk already, the next sync is theirs and this one's together.
  const bool is_alone = !syncing_;
  lock.unlock();
  if (is_alone) files_.begin_flushing(file_.get());
  return own;
}

Result<void> ReceiptLog::sync(std::uint64_t own) {
  std::unique_lock lock(mutex_);
  while (synced_ < own && !broken_) {
    if (syncing_) {
      changed_.wait(lock);
      continue;
    }
    syncing_ = true;
    const std::uint64_t covered = written_;
    lock.unlock();
    const auto done = files_.sync_data(file_.get());
    lock.lock();
    syncing_ = false;
    if (done) {
      synced_ = covered;
    } else {
      broken_ = true;
    }
    changed_.notify_all();
  }
  if (synced_ < own) return fail(ErrorKind::io, path_.string() + ": syncing failed");
  return {};
}

Result<std::uint64_t> for_each_receipt(const Path& path, std::uint64_t from,
                                       const std::function<void(const Receipt&)>& visit) {
  const FileDescriptor file = TRY(open_file(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (::lseek(file.get(), static_cast<off_t>(from), SEEK_SET) < 0) {
    return fail_errno(errno, path.native());
  }
  Bytes piece(kPieceSize);
  std::string line;
  std::uint64_t unfinished = 0;  // bytes of the line that has begun, however much of it is held
  while (const std::size_t got = TRY(read_some(file.get(), piece))) {
    std::string_view text = as_text(ByteView(piece).first(got));
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      const std::size_t taken = end == std::string_view::npos ? text.size() : end + 1;
      // No receipt is so long; the rest of such a line is passed over.
      if (line.size() < kLineSizeMax) line += text.substr(0, end);
      text.remove_prefix(taken);
      unfinished += taken;
      if (end == std::string_view::npos) break;
      if (const auto receipt = parse_receipt(line)) visit(*receipt);
      from += std::exchange(unfinished, 0);
      line.clear();
    }
  }
  return from;
}

Result<std::vector<Receipt>> read_receipts(const Path& file) {
  std::vector<Receipt> receipts;
  TRY(for_each_receipt(file, 0, [&](const Receipt& receipt) { receipts.push_back(receipt); }));
  return receipts;
}

}  // namespace bulkhead::vault
