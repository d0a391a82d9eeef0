#include "supervisor/messages/messages.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "config/document.h"
#include "supervisor/embedded.h"
#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor {

Result<Messages> Messages::load() {
  Messages out;
  for (const std::string_view language : kLanguages) {
    const std::string file_name = fmt::format("messages/{}.toml", language);
    const EmbeddedFile* file = find_embedded(embedded_files(), file_name);
    CHECK(file != nullptr);
    const auto document = TRY(config::Document::parse(file->content, file_name));
    Catalogue& catalogue = out.catalogues_[std::string(language)];
    const config::Table root = document.root();
    for (const std::string& key : root.keys()) {
      if (key == "name" || key == "direction") {
        catalogue[key] = TRY(root.string(key));
        continue;
      }
      const config::Table section = TRY(root.table(key));
      for (const std::string& inner : section.keys()) {
        catalogue[key + "." + inner] = TRY(section.string(inner));
      }
    }
  }
  return out;
}

const std::string& Messages::text(std::string_view language, std::string_view key) const {
  const auto catalogue = catalogues_.find(language);
  CHECK(catalogue != catalogues_.end());
  const auto text = catalogue->second.find(key);
  CHECK(text != catalogue->second.end());
  return text->second;
}

std::string Messages::text_with(std::string_view language, std::string_view key,
                                std::string_view name, std::string_view value) const {
  std::string out = text(language, key);
  const std::string placeholder = fmt::format("{{{}}}", name);
  const std::size_t at = out.find(placeholder);
  CHECK(at != std::string::npos);
  return out.replace(at, placeholder.size(), value);
}

std::string Messages::list(std::string_view language, const std::vector<std::string>& names) {
  const std::string_view separator = language == "zh" ? "、" : language == "ar" ? "، " : ", ";
  return fmt::format("{}", fmt::join(names, separator));
}

}  // namespace bulkhead::supervisor
