#include "analysis/ransom_sign.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace bulkhead::analysis {
namespace {

using namespace std::string_view_literals;

// Of families that public reports describe, and the plain words that new ones choose again.
constexpr std::array kExtensions = {
    ".locked"sv, ".encrypted"sv, ".crypted"sv, ".crypt"sv,      ".enc_robbinhood"sv, ".lockbit"sv,
    ".conti"sv,  ".ryk"sv,       ".wncry"sv,   ".wannacry"sv,   ".maze"sv,           ".egregor"sv,
    ".ragnar"sv, ".netwalker"sv, ".revil"sv,   ".sodinokibi"sv, ".blackcat"sv,       ".akira"sv,
};

// A note is a small text with words such as these in its name.
constexpr std::array kNoteWords = {
    "how_to_decrypt"sv,    "how-to-decrypt"sv,   "how to decrypt"sv, "decrypt_instruction"sv,
    "readme_to_decrypt"sv, "restore-my-files"sv, "restore_files"sv,  "recover-files"sv,
    "recover_files"sv,     "your_files_are"sv,   "ransom"sv,         "read_me_to_recover"sv,
    "how-to-recover"sv,    "how_to_recover"sv,
};
constexpr std::array kNoteEndings = {".txt"sv, ".html"sv, ".htm"sv, ".hta"sv, ".md"sv, ".rtf"sv};

}  // namespace

std::optional<std::string> ransom_sign_in_name(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  const std::string name =
      to_lower_ascii(slash == std::string_view::npos ? path : path.substr(slash + 1));
  for (const std::string_view extension : kExtensions) {
    if (name.ends_with(extension)) {
      return "the name ends in " + std::string(extension) + ", as encrypting extortionists rename";
    }
  }
  const auto ends_name = [&](std::string_view ending) { return name.ends_with(ending); };
  if (!std::ranges::any_of(kNoteEndings, ends_name)) return std::nullopt;
  for (const std::string_view word : kNoteWords) {
    if (name.find(word) != std::string::npos) {
      return "the name holds \"" + std::string(word) + "\", as an extortionist's note does";
    }
  }
  return std::nullopt;
}

}  // namespace bulkhead::analysis
