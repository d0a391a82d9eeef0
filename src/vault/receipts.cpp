#include "vault/receipts.h"

#include <cerrno>

#include <unistd.h>

#include "base/text.h"
#include "json/value.h"

namespace bulkhead::vault {
namespace {

constexpr std::size_t kFileSizeMax = std::size_t{4} << 30;

Result<void> end_unfinished_line(int file, const Path& path) {
  const off_t size = ::lseek(file, 0, SEEK_END);
  if (size < 0) return fail_errno(errno, path.string());
  char last = '\n';
  if (size > 0 && ::pread(file, &last, 1, size - 1) != 1) return fail_errno(errno, path.string());
  if (last == '\n') return {};
  return write_all(file, as_bytes("\n"));
}

}  // namespace

Result<std::unique_ptr<ReceiptLog>> ReceiptLog::open(Path path) {
  FileDescriptor file =
      TRY(open_file(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  TRY(end_unfinished_line(file.get(), path));
  TRY(sync_directory(path.parent_path()));
  return std::unique_ptr<ReceiptLog>(new ReceiptLog(std::move(path), std::move(file)));
}

Result<void> ReceiptLog::append(const Receipt& receipt) {
  const std::string line = json::write(json::Object{{"received", to_rfc3339(receipt.received)},
                                                    {"file", receipt.file},
                                                    {"size", receipt.size},
                                                    {"client", receipt.client}}) +
                           "\n";
  const std::lock_guard lock(mutex_);
  TRY_CONTEXT(write_all(file_.get(), as_bytes(line)), path_.string());
  if (::fdatasync(file_.get()) != 0) return fail_errno(errno, path_.string());
  return {};
}

Result<std::vector<Receipt>> read_receipts(const Path& file) {
  const std::string text = TRY(read_text_file(file, kFileSizeMax));
  std::vector<Receipt> receipts;
  for (const std::string_view line : split(text, '\n')) {
    const auto value = json::parse(line);
    if (!value) continue;
    const auto received = (*value)["received"].to_string("received");
    const auto name = (*value)["file"].to_string("file");
    const auto size = (*value)["size"].to_u64("size");
    if (!received || !name || !size) continue;
    const auto time = from_rfc3339(*received);
    if (!time) continue;
    const std::string* client = (*value)["client"].string();
    receipts.push_back({*time, *name, *size, client != nullptr ? *client : ""});
  }
  return receipts;
}

}  // namespace bulkhead::vault
