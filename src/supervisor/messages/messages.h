// The texts of the pages that come from the gateway and of the status page, in six languages,
// embedded in the program. Every language has every key (messages_test.cpp), so that asking for a
// key that is not there is a programmer's error. Immutable: share it freely.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bulkhead::supervisor {

class Messages {
 public:
  // Kind internal where an embedded catalogue is broken.
  static Result<Messages> load();

  // `key` as "sealed.title"; also "name" and "direction".
  const std::string& text(std::string_view language, std::string_view key) const;
  // The same with {name} replaced.
  std::string text_with(std::string_view language, std::string_view key, std::string_view name,
                        std::string_view value) const;
  // Names joined as the language does it: "a, b", "a、b", "a، b".
  static std::string list(std::string_view language, const std::vector<std::string>& names);

 private:
  using Catalogue = std::map<std::string, std::string, std::less<>>;
  std::map<std::string, Catalogue, std::less<>> catalogues_;
};

}  // namespace bulkhead::supervisor
