// A text in the six languages, as a definition file gives it: { en = "…", fr = "…", … }.
#pragma once

#include <array>
#include <string>

#include "config/document.h"
#include "service/language.h"

namespace bulkhead::services::gisis {

class LocalizedText {
 public:
  // All six must be there; an empty one is an error that names file, line and language.
  static Result<LocalizedText> read(const config::Table& parent, std::string_view key);
  const std::string& in(service::Language language) const {
    return texts_[static_cast<std::size_t>(language)];
  }

 private:
  std::array<std::string, service::kLanguages.size()> texts_;
};

}  // namespace bulkhead::services::gisis
