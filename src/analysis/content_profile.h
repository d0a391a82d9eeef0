// What a file's bytes look like: of which kind they say they are, and how evenly the byte values
// are spread. Encrypted bytes are spread evenly and say nothing of their kind; compressed ones are
// spread nearly as evenly, so a file is never judged by its entropy alone but against what it was
// before (is_entropy_jump). Values only; thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/file.h"
#include "base/result.h"

namespace bulkhead::analysis {

enum class ContentKind {
  empty,
  text,        // UTF-8 without control characters
  structured,  // a known format whose bytes are not spread evenly: SQLite, Xapian, ELF …
  compressed,  // a known format that is: PDF, ZIP (EPUB, DOCX), JPEG, PNG, gzip …
  unknown,
};
std::string_view name_of(ContentKind kind);

struct ContentProfile {
  ContentKind kind = ContentKind::empty;
  std::uint64_t file_size = 0;
  std::uint64_t sampled = 0;  // bytes that were looked at
  double entropy_bits = 0;    // Shannon, 0 to 8 a byte
  double chi_square = 0;      // against an even spread, 255 degrees of freedom
};

// Of a file up to three windows are looked at, so that a head left intact hides nothing.
inline constexpr std::size_t kSampleWindowSize = 32 * 1024;
// Below this, an even spread cannot be told from chance.
inline constexpr std::uint64_t kSampledMin = 256;

ContentProfile profile_content(ByteView content);
Result<ContentProfile> profile_file(const Path& path);

// True for bytes as an encryption leaves them: no known kind, and a spread that chance explains.
bool looks_encrypted(const ContentProfile& profile);

// Entropy from which on a file that lost its kind is taken for encrypted, at least in part.
inline constexpr double kEntropyLostKindBits = 7.2;

// The file was legible before, and is now as if encrypted or has at least lost its kind with most
// of its order. A file that looked random before is not judged.
bool is_entropy_jump(const ContentProfile& before, const ContentProfile& after,
                     double lost_kind_bits = kEntropyLostKindBits);

}  // namespace bulkhead::analysis
