#include "repository/mount/layout.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "base/text.h"
#include "repository/mount/time_template.h"

namespace bulkhead::repository {
namespace {

constexpr std::string_view kLatest = "latest";
constexpr std::string_view kVerbs = "iIuhtT";

std::string safe_name(std::string name) {
  if (name.empty() || name == ".") return "_";
  if (name == "..") return "__";
  std::ranges::replace(name, '/', '_');
  return name;
}

// One path of a snapshot; `timed` is where the time begins that ends it.
struct ShownPath {
  std::string text;
  std::optional<std::size_t> timed;
};

std::vector<std::string> values_of(char verb, const Snapshot& snapshot, const std::string& time) {
  switch (verb) {
    case 'i': return {snapshot.id.short_hex()};
    case 'I': return {snapshot.id.to_hex()};
    case 'u': return {safe_name(snapshot.username)};
    case 'h': return {safe_name(snapshot.hostname)};
    case 'T': return {time};
    case 't': break;
    default: return {std::string(1, verb)};
  }
  std::vector<std::string> tags;
  for (const std::string& tag : snapshot.tags) tags.push_back(safe_name(tag));
  return tags;
}

std::vector<ShownPath> expand(std::string_view path, const Snapshot& snapshot,
                              const std::string& time) {
  std::vector<ShownPath> out(1);
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%' || i + 1 == path.size()) {
      for (ShownPath& shown : out) shown.text += path[i];
      continue;
    }
    const char verb = path[++i];
    std::vector<ShownPath> longer;
    for (const std::string& value : values_of(verb, snapshot, time)) {
      for (const ShownPath& shown : out) {
        longer.push_back({shown.text + value, std::nullopt});
        if (verb == 'T' && i + 1 == path.size()) longer.back().timed = shown.text.size();
      }
    }
    out = std::move(longer);
  }
  return out;
}

std::vector<std::string> components_of(std::string_view path) {
  std::vector<std::string> out;
  for (const std::string_view part : split(path, '/')) {
    if (!part.empty() && part != ".") out.emplace_back(part);
  }
  return out;
}

class Placement {
 public:
  Placement() { table_[""]; }

  // The folder's path, or nothing where something else has that name.
  std::optional<std::string> make_folders(const std::vector<std::string>& names) {
    std::string path;
    for (const std::string& name : names) {
      const auto [at, made] = table_[path].try_emplace(name, VirtualFolder());
      if (!std::holds_alternative<VirtualFolder>(at->second)) return std::nullopt;
      path += "/" + name;
      table_[path];
    }
    return path;
  }

  void add(const ShownPath& shown, const Snapshot& snapshot) {
    std::vector<std::string> names = components_of(shown.text);
    if (names.empty()) return;
    const std::string wanted = std::exchange(names.back(), "");
    names.pop_back();
    const auto folder = make_folders(names);
    if (!folder) return;
    auto& entries = table_[*folder];
    std::string name = wanted;
    for (int i = 1; entries.contains(name); ++i) name = fmt::format("{}-{}", wanted, i);
    entries.emplace(name, SnapshotRoot{snapshot.tree, snapshot.time});
    if (!shown.timed) return;
    // A time may be folders, too: the link stands where the first of them does.
    const std::string_view before = std::string_view(shown.text).substr(0, *shown.timed);
    const std::size_t begun = before.substr(before.rfind('/') + 1).empty() ? 0 : 1;
    const std::size_t depth = components_of(before).size() - begun;
    names.push_back(name);
    const std::vector<std::string> target(names.begin() + static_cast<std::ptrdiff_t>(depth),
                                          names.end());
    names.resize(depth);
    if (const auto place = make_folders(names)) link_latest(*place, target);
  }

  FolderTable take() { return std::move(table_); }

 private:
  void link_latest(const std::string& folder, const std::vector<std::string>& target) {
    LatestLink link{fmt::format("{}", fmt::join(target, "/"))};
    const auto [at, made] = table_[folder].try_emplace(std::string(kLatest), link);
    if (std::holds_alternative<LatestLink>(at->second)) at->second = std::move(link);
  }

  FolderTable table_;
};

// What of a template's folders is there without any snapshot.
std::vector<std::string> constant_folders(std::string_view path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const bool verb = path[i] == '%' && i + 1 < path.size();
    if (verb && kVerbs.find(path[++i]) != std::string_view::npos) break;
    text += path[i];
  }
  const std::size_t slash = text.rfind('/');
  return slash == std::string::npos ? std::vector<std::string>()
                                    : components_of(std::string_view(text).substr(0, slash));
}

}  // namespace

Result<void> require_usable(const MountLayout& layout) {
  const std::string& time = layout.time_template;
  if (time.empty() || time.starts_with('/') || time.ends_with('/')) {
    return fail(ErrorKind::invalid,
                "--time-template is not empty and has no / in front or behind; write the time "
                "2006-01-02 15:04:05 as you want times to look");
  }
  if (layout.path_templates.empty()) return fail(ErrorKind::invalid, "no --path-template is given");
  for (const std::string& path : layout.path_templates) {
    const auto names = components_of(path + "/" + time);
    const bool shown = path.find_first_not_of("/.") != std::string::npos;
    if (!shown || std::ranges::find(names, "..") != names.end()) {
      return fail(ErrorKind::invalid,
                  fmt::format("--path-template \"{}\" names no path below the mount; such as "
                              "hosts/%h/%T does",
                              path));
    }
  }
  return {};
}

FolderTable lay_out(const std::vector<Snapshot>& snapshots, const MountLayout& layout) {
  Placement placement;
  for (const std::string& path : layout.path_templates) {
    (void)placement.make_folders(constant_folders(path));
  }
  for (const Snapshot& snapshot : snapshots) {
    const std::string time = format_time(snapshot.time, layout.time_template);
    for (const std::string& path : layout.path_templates) {
      for (const ShownPath& shown : expand(path, snapshot, time)) placement.add(shown, snapshot);
    }
  }
  return placement.take();
}

}  // namespace bulkhead::repository
