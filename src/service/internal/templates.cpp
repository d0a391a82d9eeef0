#include "service/internal/templates.h"

#include <deque>
#include <exception>
#include <memory>
#include <type_traits>

#include <fmt/format.h>
#include <kainjow/mustache.hpp>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace bulkhead::service::internal {
namespace {

using kainjow::mustache::data;
using kainjow::mustache::mustache;

constexpr std::string_view kFolder = "templates/";
constexpr std::string_view kSuffix = ".mustache";
constexpr std::string_view kTextPrefix = "t.";

data to_data(const json::Value& value);

data to_data(const json::Object& object) {
  data out{data::type::object};
  for (const json::Member& member : object.members()) out.set(member.key, to_data(member.value));
  return out;
}

// An empty text counts as absent, so that {{#lead}}<p>{{lead}}</p>{{/lead}} reads as it should.
data to_data(const json::Value& value) {
  return std::visit(
      [](const auto& held) -> data {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, std::nullptr_t>) {
          return data(false);
        } else if constexpr (std::is_same_v<T, bool>) {
          return data(held);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return held.empty() ? data(false) : data(held);
        } else if constexpr (std::is_same_v<T, json::Array>) {
          data list{data::type::list};
          for (const json::Value& item : held) list.push_back(to_data(item));
          return list;
        } else if constexpr (std::is_same_v<T, json::Object>) {
          return to_data(held);
        } else {
          return data(fmt::format("{}", held));
        }
      },
      value.storage());
}

// Looks texts up when they are asked for, and partials among all templates.
class Lookup final : public kainjow::mustache::context<std::string> {
 public:
  using Sources = std::map<std::string, std::string, std::less<>>;

  Lookup(const data* model, const Catalogue& messages, Language language, const Sources& sources)
      : context(model), messages_(messages), language_(language), sources_(sources) {}

  const data* get(const std::string& name) const override {
    if (!name.starts_with(kTextPrefix)) return context::get(name);
    found_.emplace_back(messages_.text(language_, std::string_view(name).substr(2)));
    return &found_.back();
  }

  const data* get_partial(const std::string& name) const override {
    const auto source = sources_.find(name);
    if (source == sources_.end()) return nullptr;
    found_.emplace_back(source->second);
    return &found_.back();
  }

 private:
  const Catalogue& messages_;
  const Language language_;
  const Sources& sources_;
  mutable std::deque<data> found_;  // a deque: addresses stay
};

// Every tag of a template, without its braces.
template <typename Visitor>
void for_each_tag(std::string_view source, Visitor visitor) {
  while (true) {
    const std::size_t open = source.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : source.find("}}", open);
    if (close == std::string_view::npos) return;
    visitor(trim(source.substr(open + 2, close - open - 2)));
    source.remove_prefix(close + 2);
  }
}

void check_names(std::string_view name, std::string_view source, const Lookup::Sources& sources,
                 const Catalogue& messages, std::vector<std::string>& problems) {
  for_each_tag(source, [&](std::string_view tag) {
    if (tag.starts_with('>')) {
      const std::string_view partial = trim(tag.substr(1));
      if (!sources.contains(partial)) {
        problems.push_back(fmt::format("{}: no template named {}", name, partial));
      }
      return;
    }
    while (!tag.empty() && std::string_view("{&#^/").find(tag[0]) != std::string_view::npos) {
      tag = trim(tag.substr(1));
    }
    if (tag.starts_with(kTextPrefix) && !messages.has(tag.substr(2))) {
      problems.push_back(fmt::format("{}: no text named {}", name, tag.substr(2)));
    }
  });
}

}  // namespace

Result<Templates> Templates::load(const std::vector<std::span<const EmbeddedFile>>& sources,
                                  const Catalogue& messages) {
  Templates templates(messages);
  std::vector<std::string> problems;
  for (const auto& source : sources) {
    for (const EmbeddedFile& file : source) {
      if (!file.name.starts_with(kFolder) || !file.name.ends_with(kSuffix)) continue;
      const std::string name(
          file.name.substr(kFolder.size(), file.name.size() - kFolder.size() - kSuffix.size()));
      const mustache parsed{std::string(file.content)};
      if (!parsed.is_valid()) problems.push_back(name + ": " + parsed.error_message());
      if (!templates.sources_.emplace(name, file.content).second) {
        problems.push_back(name + ": there are two templates of this name");
      }
    }
  }
  for (const auto& [name, source] : templates.sources_) {
    check_names(name, source, templates.sources_, messages, problems);
  }
  if (problems.empty()) return templates;
  std::string all = "templates are wrong:";
  for (const std::string& problem : problems) all += "\n  " + problem;
  return fail(ErrorKind::invalid, std::move(all));
}

std::string Templates::render(Language language, std::string_view name,
                              const json::Object& model) const {
  const auto source = sources_.find(name);
  CHECK(source != sources_.end());
  // Rendering writes into the parsed template, so each thread keeps its own; the key is the source
  // text's address, which lives as long as this object's templates do.
  thread_local std::map<const void*, std::pair<std::string, std::unique_ptr<mustache>>> parsed;
  auto& [text, entry] = parsed[&source->second];
  if (!entry || text != source->second) {
    text = source->second;
    entry = std::make_unique<mustache>(text);
  }
  try {
    data root = to_data(model);
    root.set("base", "/" + std::string(code_of(language)));
    Lookup lookup(&root, *messages_, language, sources_);
    return entry->render(lookup);
  } catch (const std::exception& error) {
    log::error("a template could not be rendered",
               {{"template", std::string(name)}, {"error", error.what()}});
    return "";
  }
}

}  // namespace bulkhead::service::internal
