#include "services/gisis/domain/localized.h"

namespace bulkhead::services::gisis {

Result<LocalizedText> LocalizedText::read(const config::Table& parent, std::string_view key) {
  const config::Table table = TRY(parent.table(key));
  LocalizedText text;
  for (const service::Language language : service::kLanguages) {
    const std::string_view code = service::code_of(language);
    std::string value = TRY(table.string(code));
    if (value.empty()) return std::unexpected(table.error_at(code, "must not be empty"));
    text.texts_[static_cast<std::size_t>(language)] = std::move(value);
  }
  return text;
}

}  // namespace bulkhead::services::gisis
