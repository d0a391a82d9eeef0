#include "analysis/content_profile.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace bulkhead::analysis {
namespace {

using namespace std::string_view_literals;

struct Magic {
  std::string_view bytes;
  std::size_t offset;
  ContentKind kind;
};

// First bytes of the formats that the estate's services keep, and of those that people upload.
constexpr std::array kMagics = {
    Magic{"%PDF-"sv, 0, ContentKind::compressed},
    Magic{"PK\x03\x04"sv, 0, ContentKind::compressed},
    Magic{"PK\x05\x06"sv, 0, ContentKind::compressed},
    Magic{"\x1f\x8b"sv, 0, ContentKind::compressed},
    Magic{"\x28\xb5\x2f\xfd"sv, 0, ContentKind::compressed},
    Magic{"\xfd"
          "7zXZ\0"sv,
          0, ContentKind::compressed},
    Magic{"BZh"sv, 0, ContentKind::compressed},
    Magic{"7z\xbc\xaf\x27\x1c"sv, 0, ContentKind::compressed},
    Magic{"\x89PNG\r\n\x1a\n"sv, 0, ContentKind::compressed},
    Magic{"\xff\xd8\xff"sv, 0, ContentKind::compressed},
    Magic{"GIF8"sv, 0, ContentKind::compressed},
    Magic{"WEBP"sv, 8, ContentKind::compressed},
    Magic{"OggS"sv, 0, ContentKind::compressed},
    Magic{"wOF2"sv, 0, ContentKind::compressed},
    Magic{"ftyp"sv, 4, ContentKind::compressed},
    Magic{"SQLite format 3\0"sv, 0, ContentKind::structured},
    Magic{"\x7f"
          "ELF"sv,
          0, ContentKind::structured},
    Magic{"\x0f\x0dXapian Glass"sv, 0, ContentKind::structured},
    Magic{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, 0, ContentKind::structured},
    Magic{"\x37\x7f\x06\x82"sv, 0, ContentKind::structured},  // a WAL of SQLite, either byte order
    Magic{"\x37\x7f\x06\x83"sv, 0, ContentKind::structured},
};

// Even spread over 256 values: chi-square has mean 255 and standard deviation 22.6, whatever the
// sample's size. Six deviations: one random file in 10^8 is missed.
constexpr double kChiSquareRandomMax = 255 + 6 * 22.6;
constexpr double kEntropyRiseBits = 1.5;

// A window may begin or end within a character; anything else must be UTF-8 and printable.
bool is_text(ByteView window, bool is_first) {
  std::size_t at = 0;
  if (!is_first) {
    while (at < window.size() && at < 3 && (window[at] & 0xc0) == 0x80) ++at;
  }
  while (at < window.size()) {
    const std::uint8_t lead = window[at];
    if (lead < 0x80) {
      const bool is_space = lead == '\t' || lead == '\n' || lead == '\r' || lead == '\f';
      if ((lead < 0x20 && !is_space) || lead == 0x7f) return false;
      ++at;
      continue;
    }
    const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                               : lead >= 0xe0 && lead <= 0xef ? 3
                               : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                              : 0;
    if (length == 0) return false;
    for (std::size_t i = 1; i < length; ++i) {
      if (at + i == window.size()) return true;
      if ((window[at + i] & 0xc0) != 0x80) return false;
    }
    at += length;
  }
  return true;
}

ContentKind kind_of_windows(std::span<const ByteView> windows) {
  const ByteView head = windows.front();
  for (const Magic& magic : kMagics) {
    if (as_text(head).substr(std::min(magic.offset, head.size())).starts_with(magic.bytes)) {
      return magic.kind;
    }
  }
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (!is_text(windows[i], i == 0)) return ContentKind::unknown;
  }
  return ContentKind::text;
}

ContentProfile profile_windows(std::span<const ByteView> windows, std::uint64_t file_size) {
  ContentProfile profile{.file_size = file_size};
  if (file_size == 0 || windows.empty()) return profile;
  profile.kind = kind_of_windows(windows);

  std::array<std::uint64_t, 256> counts{};
  for (const ByteView window : windows) {
    profile.sampled += window.size();
    for (const std::uint8_t byte : window) ++counts[byte];
  }
  const double total = static_cast<double>(profile.sampled);
  const double expected = total / 256;
  for (const std::uint64_t count : counts) {
    const double seen = static_cast<double>(count);
    profile.chi_square += (seen - expected) * (seen - expected) / expected;
    if (count > 0) profile.entropy_bits -= seen / total * std::log2(seen / total);
  }
  return profile;
}

struct Window {
  std::uint64_t offset;
  std::size_t size;
};

// Head, middle and tail; the whole file where it is no longer than that.
std::vector<Window> windows_of(std::uint64_t file_size) {
  if (file_size <= 3 * kSampleWindowSize) return {{0, static_cast<std::size_t>(file_size)}};
  return {{0, kSampleWindowSize},
          {file_size / 2 - kSampleWindowSize / 2, kSampleWindowSize},
          {file_size - kSampleWindowSize, kSampleWindowSize}};
}

}  // namespace

std::string_view name_of(ContentKind kind) {
  switch (kind) {
    case ContentKind::empty: return "empty";
    case ContentKind::text: return "text";
    case ContentKind::structured: return "structured";
    case ContentKind::compressed: return "compressed";
    case ContentKind::unknown: return "unknown";
  }
  return "unknown";
}

ContentProfile profile_content(ByteView content) {
  std::vector<ByteView> windows;
  for (const Window& window : windows_of(content.size())) {
    windows.push_back(content.subspan(window.offset, window.size));
  }
  return profile_windows(windows, content.size());
}

Result<ContentProfile> profile_file(const Path& path) {
  // A named pipe put into a dataset must not hold the watcher up: O_NONBLOCK, and regular files
  // only.
  const FileDescriptor file =
      TRY(open_file(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return fail_errno(errno, "looking at " + path.string());
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::invalid, path.string() + " is not a regular file");
  }
  const std::uint64_t size = static_cast<std::uint64_t>(status.st_size);
  std::vector<Bytes> contents;
  for (const Window& window : windows_of(size)) {
    Bytes content(window.size);
    std::size_t filled = 0;
    while (filled < content.size()) {
      const ssize_t count = pread(file.get(), content.data() + filled, content.size() - filled,
                                  static_cast<off_t>(window.offset + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return fail_errno(errno, "reading " + path.string());
      if (count == 0) break;  // cut short while it was read: what is there is judged
      filled += static_cast<std::size_t>(count);
    }
    content.resize(filled);
    if (!content.empty()) contents.push_back(std::move(content));
  }
  const std::vector<ByteView> windows(contents.begin(), contents.end());
  return profile_windows(windows, windows.empty() ? 0 : size);
}

bool looks_encrypted(const ContentProfile& profile) {
  return profile.kind == ContentKind::unknown && profile.sampled >= kSampledMin &&
         profile.chi_square <= kChiSquareRandomMax;
}

bool is_entropy_jump(const ContentProfile& before, const ContentProfile& after,
                     double lost_kind_bits) {
  if (after.kind != ContentKind::unknown || after.sampled < kSampledMin) return false;
  if (before.kind == ContentKind::unknown) {
    return !looks_encrypted(before) && looks_encrypted(after) &&
           after.entropy_bits >= before.entropy_bits + kEntropyRiseBits;
  }
  if (looks_encrypted(after)) return true;
  // Encrypted in part: the kind is gone, and with it most of the order.
  return after.entropy_bits >= lost_kind_bits ||
         (before.kind == ContentKind::text &&
          after.entropy_bits >= before.entropy_bits + kEntropyRiseBits);
}

}  // namespace bulkhead::analysis
