#include "ledger/crashing_files.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace bulkhead::ledger {
namespace {

std::unexpected<Error> no_answer() { return fail(ErrorKind::io, "the disk does not answer"); }

}  // namespace

Result<void> Disk::write_to(const Path& folder) const {
  for (const auto& [name, content] : files()) {
    const Path path = folder / name;
    TRY(make_directories(path.parent_path()));
    const FileDescriptor file = TRY(open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0640));
    TRY(write_all(file.get(), content));
  }
  return {};
}

Partly CrashingFiles::next(bool& fails) {
  fails = crashed_;
  if (crashed_) return Partly::nothing;
  if (calls_++ != at_) return Partly::all;
  crashed_ = then_ == Then::crash;
  fails = true;
  return partly_;
}

Result<Bytes> CrashingFiles::read(const std::string& name, std::size_t size_max) {
  const std::lock_guard lock(disk_.mutex_);
  if (crashed_) return no_answer();
  const auto found = disk_.files_.find(name);
  if (found == disk_.files_.end()) {
    return fail(ErrorKind::not_found, fmt::format("there is no {}", name));
  }
  if (found->second.size() > size_max) {
    return fail(ErrorKind::limit, fmt::format("{} is too long", name));
  }
  return found->second;
}

Result<std::vector<std::string>> CrashingFiles::list(const std::string& folder) {
  const std::lock_guard lock(disk_.mutex_);
  if (crashed_) return no_answer();
  std::set<std::string> names;
  for (const auto& [name, content] : disk_.files_) {
    if (!name.starts_with(folder + "/")) continue;
    const std::string_view rest = std::string_view(name).substr(folder.size() + 1);
    names.emplace(rest.substr(0, rest.find('/')));
  }
  return std::vector<std::string>(names.begin(), names.end());
}

Result<void> CrashingFiles::put(std::span<const NewFile> files) {
  const std::lock_guard lock(disk_.mutex_);
  bool fails = false;
  const Partly partly = next(fails);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool is_first = i < files.size() / 2;
    if (partly == Partly::all || (partly == Partly::first && is_first) ||
        (partly == Partly::last && !is_first)) {
      disk_.files_[files[i].name] = files[i].content;
    }
  }
  if (fails) return no_answer();
  return {};
}

Result<void> CrashingFiles::append(const std::string& name, ByteView content) {
  const std::lock_guard lock(disk_.mutex_);
  bool fails = false;
  const Partly partly = next(fails);
  Bytes part(content.begin(), content.end());
  if (partly == Partly::nothing) part.clear();
  if (partly == Partly::first) part.resize(part.size() / 2);
  if (partly == Partly::last) {
    std::fill_n(part.begin(), static_cast<long>(part.size() / 2), std::uint8_t{0});
  }
  Bytes& file = disk_.files_[name];
  file.insert(file.end(), part.begin(), part.end());
  if (fails) return no_answer();
  return {};
}

Result<void> CrashingFiles::remove(const std::string& name) {
  const std::lock_guard lock(disk_.mutex_);
  bool fails = false;
  const Partly partly = next(fails);
  if (partly != Partly::nothing) {
    std::erase_if(disk_.files_, [&](const auto& file) {
      return file.first == name || file.first.starts_with(name + "/");
    });
  }
  if (fails) return no_answer();
  return {};
}

}  // namespace bulkhead::ledger
