// The texts of a service in six languages. A catalogue is TOML, messages/<code>.toml, embedded in
// the program; tables nest and join by dots:
//
//   [ports]
//   title = "Ports"
//   shown = "Showing {first} to {last}"
//   found = { one = "{count} port", other = "{count} ports" }     # plural forms of CLDR
//
// Loading refuses a key that one language has and another lacks, placeholders that differ, and a
// plural form that its language needs: a missing translation stops the tests and the start, and is
// never silent English. Keys under `kit` belong to the kit. Immutable and thread-safe once loaded.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/result.h"
#include "service/language.h"

namespace bulkhead::service {

struct Argument {
  std::string_view name;
  std::string value;
};
using Arguments = std::vector<Argument>;

class Catalogue {
 public:
  // Every source must hold messages/<code>.toml for all six languages, or none of them.
  static Result<Catalogue> load(const std::vector<std::span<const EmbeddedFile>>& sources);

  // Plain text, not HTML. A key that no catalogue has is logged and shown as ⟦key⟧.
  std::string text(Language language, std::string_view key, const Arguments& arguments = {}) const;
  // The form for `count`; the placeholder {count} is the number as the language writes it.
  std::string plural(Language language, std::string_view key, std::int64_t count,
                     const Arguments& arguments = {}) const;
  bool has(std::string_view key) const;

 private:
  // "ports.found.one" → text; plural forms are ordinary keys below their own.
  std::map<Language, std::map<std::string, std::string, std::less<>>> texts_;
};

// "one", "few", "other" …: the CLDR plural category of a whole number.
std::string_view plural_category(Language language, std::int64_t count);

}  // namespace bulkhead::service
