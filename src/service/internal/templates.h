// Mustache templates (kainjow's library behind our words), parsed when they are loaded: one that
// does not parse, or that names a text or a template that does not exist, is refused there.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.h"
#include "base/result.h"
#include "json/value.h"
#include "service/messages.h"

namespace bulkhead::service::internal {

class Templates {
 public:
  // Takes templates/<name>.mustache of every source. `messages` must outlive the templates.
  static Result<Templates> load(const std::vector<std::span<const EmbeddedFile>>& sources,
                                const Catalogue& messages);

  // "" and a line in the log where rendering fails.
  std::string render(Language language, std::string_view name, const json::Object& model) const;

 private:
  explicit Templates(const Catalogue& messages) : messages_(&messages) {}
  std::map<std::string, std::string, std::less<>> sources_;
  const Catalogue* messages_;
};

}  // namespace bulkhead::service::internal
