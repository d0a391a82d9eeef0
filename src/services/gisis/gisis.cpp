#include "services/gisis/gisis.h"

#include <algorithm>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "services/gisis/pages/import_pages.h"
#include "services/gisis/pages/record_pages.h"
#include "services/gisis/store/registry.h"

namespace bulkhead::services::gisis {

std::span<const EmbeddedFile> embedded_files();

namespace sample {
// estates/imo/modules
std::span<const EmbeddedFile> embedded_files();
}  // namespace sample

namespace {

constexpr std::size_t kDefinitionSizeMax = 1024 * 1024;
constexpr std::string_view kDatabase = "gisis.sqlite";

Result<std::vector<ModuleDefinition>> read_folder(const Path& folder) {
  std::error_code failure;
  std::vector<Path> paths;
  for (auto entry = std::filesystem::directory_iterator(folder, failure);
       !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
    if (entry->path().extension() == ".toml") paths.push_back(entry->path());
  }
  if (failure) return fail_errno(failure.value(), "reading modules_folder " + folder.string());
  std::sort(paths.begin(), paths.end());
  std::vector<ModuleDefinition> modules;
  for (const Path& path : paths) {
    const std::string text = TRY(read_text_file(path, kDefinitionSizeMax));
    modules.push_back(TRY(ModuleDefinition::parse(text, path.filename().string())));
  }
  return modules;
}

Result<std::vector<ModuleDefinition>> load_modules(const std::string& folder) {
  std::vector<ModuleDefinition> modules;
  if (folder.empty()) {
    for (const EmbeddedFile& file : sample::embedded_files()) {
      modules.push_back(TRY(ModuleDefinition::parse(file.content, file.name)));
    }
  } else {
    modules = TRY(read_folder(folder));
  }
  std::sort(modules.begin(), modules.end(), [](const auto& a, const auto& b) {
    return a.order != b.order ? a.order < b.order : a.name < b.name;
  });
  if (modules.empty()) return fail(ErrorKind::invalid, "there is no module definition to serve");
  std::set<std::string> names;
  for (const ModuleDefinition& module : modules) {
    if (names.insert(module.name).second) continue;
    return fail(ErrorKind::invalid, "two definitions say that they are " + module.name);
  }
  return modules;
}

// A file that cannot be taken does not keep the service from starting: what is there can be read,
// and the report says what is wrong with the file.
Result<void> import_waiting_files(Registry& registry, const Path& folder) {
  for (const ModuleDefinition& module : registry.modules()) {
    const Path file = folder / (module.name + ".csv");
    std::error_code failure;
    if (!std::filesystem::exists(file, failure)) continue;
    const auto summary =
        TRY_CONTEXT(registry.import_once(module, file), "importing " + file.string());
    if (!summary) continue;
    log::info(summary->failure.empty() ? "imported" : "could not import",
              {{"module", module.name},
               {"rows", std::to_string(summary->rows)},
               {"added", std::to_string(summary->added)},
               {"replaced", std::to_string(summary->replaced)},
               {"flagged", std::to_string(summary->flagged)},
               {"refused", std::to_string(summary->refused)},
               {"failure", summary->failure}});
  }
  return {};
}

}  // namespace

service::Definition definition() { return {"gisis", embedded_files()}; }

Result<void> set_up(service::Context& context, http::Router&) {
  const std::string folder = TRY(context.configuration.string("modules_folder", ""));
  std::vector<ModuleDefinition> modules = TRY(load_modules(folder));
  // Shared by the handlers and by exports that go on after their handler has returned.
  const std::shared_ptr<Registry> registry =
      TRY(Registry::open(context.data / kDatabase, std::move(modules), context.clock));
  TRY(import_waiting_files(*registry, context.data / "import"));

  context.site.set_navigation([registry](const service::Visit& visit) {
    std::vector<service::Link> links;
    for (const ModuleDefinition& module : registry->modules()) {
      links.push_back({module.title.in(visit.language), "/" + module.name});
    }
    links.push_back({visit.text("nav.data"), "/data"});
    return links;
  });
  add_record_pages(context.site, registry);
  add_import_pages(context, registry);

  context.readiness_checks.emplace_back("database", [registry]() -> Result<void> {
    TRY(registry->count(registry->modules().front()));
    return {};
  });
  context.integrity_check = [registry] { return registry->check_integrity(); };
  context.quiesce = [registry, &context]() -> Result<void> {
    return registry->copy_to(TRY(context.quiesced_file(kDatabase)));
  };
  return {};
}

}  // namespace bulkhead::services::gisis
