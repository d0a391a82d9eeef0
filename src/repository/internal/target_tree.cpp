#include "repository/internal/target_tree.h"

#include <fmt/format.h>

namespace bulkhead::repository {
namespace {

Path absolute_form(const std::string& path, const Path& directory) {
  Path base = directory;
  if (!base.is_absolute()) {
    std::error_code ignored;
    base = std::filesystem::current_path(ignored) / base;
  }
  Path normal = (base / path).lexically_normal();
  if (!normal.has_filename() && normal.has_relative_path()) normal = normal.parent_path();
  return normal;
}

// Names of the path within the snapshot, each with where it lies on disk.
struct Part {
  std::string name;
  Path source;
};

std::vector<Part> parts_of(const std::string& path, const Path& directory) {
  std::vector<Part> parts;
  const Path source = absolute_form(path, directory);
  const Path given = Path(path).lexically_normal();
  std::vector<std::string> names;
  for (const Path& name : given) {
    if (name == "/" || name == "." || name == ".." || name.empty()) continue;
    names.push_back(name.native());
  }
  // The last name is the source's own, the one before that of its folder, and so on.
  Path at = source;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    parts.insert(parts.begin(), {*name, at});
    at = at.parent_path();
  }
  return parts;
}

Result<void> insert(TargetFolder& root, const std::string& path, const Path& directory) {
  TargetFolder* at = &root;
  for (const Part& part : parts_of(path, directory)) {
    if (at->whole) return {};  // a folder above is taken whole already
    const auto [child, added] = at->children.try_emplace(part.name);
    at = &child->second;
    if (added) at->source = part.source;
    if (at->source != part.source) {
      return fail(ErrorKind::invalid,
                  fmt::format("{} and {} would have the same name in the snapshot",
                              at->source.native(), part.source.native()));
    }
  }
  if (at == &root && !root.children.empty()) {
    return fail(ErrorKind::invalid, fmt::format("\"{}\" cannot be combined with others", path));
  }
  at->whole = true;
  at->source = absolute_form(path, directory);
  at->children.clear();
  return {};
}

}  // namespace

std::string recorded_form(const std::string& path, const Path& directory) {
  return absolute_form(path, directory).native();
}

Result<TargetFolder> make_target_tree(const std::vector<std::string>& paths,
                                      const Path& directory) {
  if (paths.empty()) return fail(ErrorKind::invalid, "no path was given to back up");
  TargetFolder root;
  for (const std::string& path : paths) {
    if (path.empty()) return fail(ErrorKind::invalid, "an empty path cannot be backed up");
    if (root.whole) {
      return fail(ErrorKind::invalid,
                  fmt::format("\"{}\" cannot be combined with the whole folder", path));
    }
    TRY(insert(root, path, directory));
  }
  return root;
}

}  // namespace bulkhead::repository
