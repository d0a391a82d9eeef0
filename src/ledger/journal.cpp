#include "ledger/journal.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "crypto/sha256.h"

namespace bulkhead::ledger {
namespace {

// magic(4) count(4) first index(8) payload size(4) SHA-256(32), numbers big-endian. The hash is of
// the frame without the hash.
constexpr std::string_view kMagic = "BLJ1";
constexpr std::size_t kHashAt = 20;
constexpr std::size_t kHeaderSize = 52;
constexpr std::size_t kFileSizeMax = std::size_t{1} << 30;
constexpr std::string_view kFolder = "journal";

void put_number(Bytes& out, std::uint64_t number, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8) {
    out.push_back(static_cast<std::uint8_t>(number >> shift));
  }
}

std::uint64_t number_at(ByteView bytes, std::size_t at, std::size_t size) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes.subspan(at, size)) out = out << 8 | byte;
  return out;
}

crypto::Sha256Digest hash_of(ByteView frame) {
  crypto::Sha256 hash;
  hash.update(frame.first(kHashAt));
  hash.update(frame.subspan(kHeaderSize));
  return hash.finish();
}

// The frame at the start of `bytes`, or nothing where it is not whole and sound.
std::optional<ByteView> frame_at(ByteView bytes) {
  if (bytes.size() < kHeaderSize || as_text(bytes.first(kMagic.size())) != kMagic) return {};
  const std::uint64_t payload = number_at(bytes, 16, 4);
  if (bytes.size() - kHeaderSize < payload) return {};
  const ByteView frame = bytes.first(kHeaderSize + payload);
  if (!std::ranges::equal(hash_of(frame), frame.subspan(kHashAt, 32))) return {};
  return frame;
}

bool has_frame_after(ByteView bytes) {
  for (std::string_view text = as_text(bytes);;) {
    const std::size_t at = text.find(kMagic, 1);
    if (at == text.npos) return false;
    text.remove_prefix(at);
    if (frame_at(as_bytes(text))) return true;
  }
}

Result<void> take_entries(ByteView frame, std::vector<Bytes>& out) {
  ByteView rest = frame.subspan(kHeaderSize);
  for (std::uint64_t count = number_at(frame, 4, 4); count > 0; --count) {
    const std::size_t size = rest.size() < 2 ? 0 : number_at(rest, 0, 2);
    if (rest.size() < 2 + size) return fail(ErrorKind::corrupt, "a frame lacks entries");
    const ByteView entry = rest.subspan(2, size);
    out.emplace_back(entry.begin(), entry.end());
    rest = rest.subspan(2 + size);
  }
  if (!rest.empty()) return fail(ErrorKind::corrupt, "a frame has bytes after its last entry");
  return {};
}

std::string name_of(std::uint64_t first) { return fmt::format("{}/{:020}", kFolder, first); }

// Of all files, ascending.
Result<std::vector<std::uint64_t>> firsts_of(Files& files) {
  std::vector<std::uint64_t> firsts;
  for (const std::string& name : TRY(files.list(std::string(kFolder)))) {
    const auto first = parse_u64(name);
    if (!first) return fail(ErrorKind::corrupt, fmt::format("{}/{} is no journal", kFolder, name));
    firsts.push_back(*first);
  }
  return firsts;
}

Bytes frame_of(std::uint64_t first, std::span<const Bytes> entries) {
  Bytes frame = to_bytes(kMagic);
  std::size_t payload = 0;
  for (const Bytes& entry : entries) payload += 2 + entry.size();
  frame.reserve(kHeaderSize + payload);
  put_number(frame, entries.size(), 4);
  put_number(frame, first, 8);
  put_number(frame, payload, 4);
  frame.resize(kHeaderSize);
  for (const Bytes& entry : entries) {
    put_number(frame, entry.size(), 2);
    frame.insert(frame.end(), entry.begin(), entry.end());
  }
  std::ranges::copy(hash_of(frame), frame.begin() + kHashAt);
  return frame;
}

}  // namespace

Result<JournalFile> parse_journal_file(ByteView content, std::uint64_t first) {
  JournalFile out;
  for (ByteView rest = content; !rest.empty();) {
    const auto frame = frame_at(rest);
    if (!frame) {
      // Frames are written one after the other, each only when the one before was on disk.
      if (has_frame_after(rest)) {
        return fail(ErrorKind::corrupt,
                    fmt::format("the frame at byte {} is damaged, and whole ones follow it",
                                content.size() - rest.size()));
      }
      out.is_cut_off = true;
      break;
    }
    if (number_at(*frame, 8, 8) != first + out.entries.size()) {
      return fail(ErrorKind::corrupt,
                  fmt::format("the frame at byte {} begins with entry {}, expected was {}",
                              content.size() - rest.size(), number_at(*frame, 8, 8),
                              first + out.entries.size()));
    }
    TRY(take_entries(*frame, out.entries));
    rest = rest.subspan(frame->size());
  }
  return out;
}

Result<std::vector<Bytes>> Journal::recover(std::uint64_t published) {
  const std::vector<std::uint64_t> firsts = TRY(firsts_of(files_));
  std::vector<Bytes> out;
  for (std::size_t i = 0; i < firsts.size(); ++i) {
    const std::string name = name_of(firsts[i]);
    const Bytes content = TRY(files_.read(name, kFileSizeMax));
    JournalFile file = TRY_CONTEXT(parse_journal_file(content, firsts[i]), name);
    const std::uint64_t end = published + out.size();
    if (firsts[i] > end) {
      return fail(ErrorKind::corrupt, fmt::format("{}: the entries {} to {} before it are missing",
                                                  name, end, firsts[i] - 1));
    }
    // A later file was begun where the last acknowledged group of this one ended.
    const std::uint64_t limit = i + 1 < firsts.size() ? firsts[i + 1] : UINT64_MAX;
    for (std::uint64_t at = end - firsts[i]; at < file.entries.size(); ++at) {
      if (firsts[i] + at >= limit) break;
      out.push_back(std::move(file.entries[at]));
    }
    if (file.is_cut_off) log::info("the journal's last group was not complete", {{"file", name}});
  }
  return out;
}

Result<void> Journal::begin(std::uint64_t first) {
  current_.clear();
  const Files::NewFile file{name_of(first), {}};
  TRY(files_.put({&file, 1}));
  current_ = file.name;
  next_ = first;
  size_ = 0;
  return {};
}

Result<void> Journal::append(std::span<const Bytes> entries) {
  if (current_.empty()) return fail(ErrorKind::internal, "the journal was not begun");
  const Bytes frame = frame_of(next_, entries);
  const auto written = files_.append(current_, frame);
  if (!written) {
    current_.clear();
    return written;
  }
  next_ += entries.size();
  size_ += frame.size();
  return {};
}

Result<void> remove_published(Files& files, std::uint64_t published) {
  const std::vector<std::uint64_t> firsts = TRY(firsts_of(files));
  for (std::size_t i = 0; i + 1 < firsts.size() && firsts[i + 1] <= published; ++i) {
    TRY(files.remove(name_of(firsts[i])));
  }
  return {};
}

Result<void> remove_journal(Files& files) {
  for (const std::uint64_t first : TRY(firsts_of(files))) TRY(files.remove(name_of(first)));
  return {};
}

}  // namespace bulkhead::ledger
