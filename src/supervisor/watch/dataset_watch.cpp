#include "supervisor/watch/dataset_watch.h"

#include <array>
#include <cstring>

#include <fmt/format.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "analysis/ransom_sign.h"

namespace bulkhead::supervisor {
namespace {

constexpr std::uint32_t kFolderEvents = IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_CREATE |
                                        IN_DELETE | IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK;
// Not IN_ATTRIB: the files' owner is set anew whenever a compartment starts.
constexpr std::uint32_t kCanaryEvents =
    IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW;
// Written by the databases and for the backup, all the time and as a whole.
constexpr std::array<std::string_view, 3> kIgnoredEndings = {"-wal", "-shm", "-journal"};
constexpr std::string_view kQuiescedFolder = ".quiesced";

std::string join(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : folder + "/" + std::string(name);
}

// "pages/about.md.locked" -> "pages/about.md"
std::string without_last_extension(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  const std::size_t slash = path.rfind('/');
  const bool has_extension =
      dot != std::string::npos && (slash == std::string::npos || dot > slash);
  return has_extension ? path.substr(0, dot) : "";
}

Error inotify_error(int error_number, const Path& path) {
  const Error error = error_from_errno(error_number, "watching " + path.string());
  if (error_number != ENOSPC) return error;
  return Error(ErrorKind::limit, error.message() + "; raise /proc/sys/fs/inotify/max_user_watches");
}

}  // namespace

DatasetWatch::DatasetWatch(DatasetWatchOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(&clock),
      detector_(options_.service, options_.limits, clock) {}

Result<DatasetWatch> DatasetWatch::create(DatasetWatchOptions options, const Clock& clock) {
  DatasetWatch watch(std::move(options), clock);
  watch.inotify_ = FileDescriptor(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!watch.inotify_.valid()) {
    return fail_errno(errno, "starting inotify (max_user_instances limits how many)");
  }
  TRY(watch.add_folder("", 0, Discovery::first_look));
  TRY(watch.watch_canaries());
  return watch;
}

bool DatasetWatch::is_ignored(const std::string& path) const {
  if (path == kQuiescedFolder || path.starts_with(std::string(kQuiescedFolder) + "/")) return true;
  for (const std::string_view ending : kIgnoredEndings) {
    if (path.ends_with(ending)) return true;
  }
  return false;
}

// The watch is set before the folder is read: what appears meanwhile is seen by one or the other.
Result<void> DatasetWatch::add_folder(const std::string& folder, int depth, Discovery discovery) {
  if (is_ignored(folder)) return {};
  const Path path = options_.root / folder;
  if (depth > kWatchedDepthMax || folders_.size() >= kWatchedFoldersMax) {
    return fail(ErrorKind::limit, fmt::format("{}: more than {} folders, or nested deeper than {}",
                                              path.string(), kWatchedFoldersMax, kWatchedDepthMax));
  }
  const int watch = inotify_add_watch(inotify_.get(), path.c_str(), kFolderEvents);
  if (watch < 0) {
    if (errno == ENOENT && discovery == Discovery::appeared) return {};  // gone again
    return std::unexpected(inotify_error(errno, path));
  }
  folders_[watch] = folder;

  std::error_code error;
  std::filesystem::directory_iterator entries(path, error);
  if (error) return fail_errno(error.value(), "reading " + path.string());
  for (; entries != std::filesystem::directory_iterator(); entries.increment(error)) {
    const std::string name = join(folder, entries->path().filename().string());
    std::error_code ignored;
    const auto type = entries->symlink_status(ignored).type();
    if (type == std::filesystem::file_type::directory) {
      TRY(add_folder(name, depth + 1, discovery));
    } else if (type == std::filesystem::file_type::regular && !is_ignored(name)) {
      if (discovery == Discovery::appeared) {
        file_written(name);
        continue;
      }
      if (known_.size() >= kWatchedFilesMax) {
        return fail(ErrorKind::limit, fmt::format("{}: more than {} files to watch",
                                                  options_.root.string(), kWatchedFilesMax));
      }
      // A file that vanishes while it is looked at is none.
      if (const auto profile = analysis::profile_file(options_.root / name))
        known_[name] = {*profile, {}};
    }
    if (error) return fail_errno(error.value(), "reading " + path.string());
  }
  return {};
}

Result<void> DatasetWatch::watch_canaries() {
  for (const std::string& canary : options_.canaries) {
    const Path path = options_.root / canary;
    const int watch = inotify_add_watch(inotify_.get(), path.c_str(), kCanaryEvents);
    if (watch < 0) return std::unexpected(inotify_error(errno, path));
    canary_watches_[watch] = canary;
  }
  return {};
}

Result<std::vector<analysis::Indicator>> DatasetWatch::read_events() {
  alignas(inotify_event) std::array<char, 64 * 1024> buffer;
  while (true) {
    const ssize_t size = read(inotify_.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != EAGAIN) return fail_errno(errno, "reading events of inotify");
    if (size <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      handle(event.wd, event.mask, std::string(name, strnlen(name, event.len)));
      at += sizeof event + event.len;
    }
  }
  if (overflowed_) {
    overflowed_ = false;
    return rescan();
  }
  return take_found();
}

void DatasetWatch::handle(int watch, std::uint32_t mask, const std::string& name) {
  if ((mask & IN_Q_OVERFLOW) != 0) {
    overflowed_ = true;
    return;
  }
  if (const auto canary = canary_watches_.find(watch); canary != canary_watches_.end()) {
    if ((mask & IN_IGNORED) != 0) {
      canary_watches_.erase(canary);
    } else {
      const bool is_gone = (mask & (IN_DELETE_SELF | IN_MOVE_SELF)) != 0;
      canary_touched(canary->second, is_gone ? "removed" : "written to");
    }
    return;
  }
  const auto found = folders_.find(watch);
  if (found == folders_.end()) return;
  if ((mask & IN_IGNORED) != 0) {
    folders_.erase(found);
    return;
  }
  const std::string path = join(found->second, name);
  if (is_ignored(path)) return;
  if ((mask & IN_ISDIR) != 0) {
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0) {
      const Result<void> added = add_folder(path, 0, Discovery::appeared);
      if (!added) {
        raise(analysis::IndicatorKind::watch_blind, path,
              "a new folder cannot be watched: " + added.error().message());
      }
    } else if ((mask & IN_MOVED_FROM) != 0) {
      folder_gone(path);
    }
    return;
  }
  if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) != 0) file_written(path);
  if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0) file_gone(path);
}

void DatasetWatch::file_written(const std::string& path) {
  if (canary_touched(path, "written to")) return;
  if (const auto why = analysis::ransom_sign_in_name(path);
      why && ransom_signs_.empty() && !known_.contains(path)) {
    ransom_signs_.insert(path);
    raise(analysis::IndicatorKind::ransom_sign, path, *why);
  }
  const Result<analysis::ContentProfile> now = analysis::profile_file(options_.root / path);
  if (!now) return;  // gone again: its removal is an event of its own
  const auto before = known_.find(path);
  if (before != known_.end()) {
    if (analysis::is_entropy_jump(before->second.profile, *now, options_.entropy_bits_min)) {
      // What it was stays known: otherwise a second pass over it would look like no change.
      observe(analysis::ChangeKind::made_illegible, path);
    } else {
      before->second.profile = *now;
      observe(analysis::ChangeKind::rewritten, path);
    }
    return;
  }
  // Encrypted into a new file beside the old one, or renamed: "about.md" -> "about.md.x7f3".
  const auto original = known_.find(without_last_extension(path));
  if (original != known_.end() &&
      analysis::is_entropy_jump(original->second.profile, *now, options_.entropy_bits_min)) {
    observe(analysis::ChangeKind::made_illegible, path);
    return;
  }
  if (known_.size() < kWatchedFilesMax) known_[path] = {*now, clock_->steady_now()};
  observe(analysis::ChangeKind::created, path);
}

void DatasetWatch::file_gone(const std::string& path) {
  if (canary_touched(path, "removed")) return;
  const auto known = known_.find(path);
  if (known == known_.end()) return;
  if (known->second.since != SteadyTime{} &&
      clock_->steady_now() - known->second.since < kSettledAfter) {
    known_.erase(known);
    return;
  }
  // Its profile stays known for the file that may take its place.
  observe(analysis::ChangeKind::removed, path);
}

void DatasetWatch::folder_gone(const std::string& folder) {
  const std::string prefix = folder + "/";
  std::vector<std::string> gone;
  for (auto entry = known_.lower_bound(prefix);
       entry != known_.end() && entry->first.starts_with(prefix); ++entry) {
    gone.push_back(entry->first);
  }
  for (const std::string& path : gone) file_gone(path);
  for (const std::string& canary : options_.canaries) {
    if (canary.starts_with(prefix)) canary_touched(canary, "removed");
  }
}

bool DatasetWatch::canary_touched(const std::string& path, std::string_view how) {
  if (!options_.canaries.contains(path)) return false;
  if (touched_canaries_.insert(path).second) {
    raise(analysis::IndicatorKind::canary_touched, path,
          fmt::format("the canary {} was {}, and no service has a reason to", path, how));
  }
  return true;
}

Result<std::vector<analysis::Indicator>> DatasetWatch::rescan() {
  std::set<std::string> there;
  std::error_code error;
  std::filesystem::recursive_directory_iterator entries(options_.root, error);
  if (error) return fail_errno(error.value(), "reading " + options_.root.string());
  for (; entries != std::filesystem::recursive_directory_iterator(); entries.increment(error)) {
    std::error_code ignored;
    const std::string path = entries->path().lexically_relative(options_.root).string();
    const auto type = entries->symlink_status(ignored).type();
    if (type == std::filesystem::file_type::directory) {
      // Setting a watch that is there already changes nothing.
      const int watch = inotify_add_watch(inotify_.get(), entries->path().c_str(), kFolderEvents);
      if (watch >= 0 && !is_ignored(path)) folders_[watch] = path;
      continue;
    }
    if (type != std::filesystem::file_type::regular || is_ignored(path)) continue;
    there.insert(path);
    const auto before = known_.find(path);
    const Result<analysis::ContentProfile> now = analysis::profile_file(entries->path());
    const bool is_same = before != known_.end() && now &&
                         before->second.profile.file_size == now->file_size &&
                         before->second.profile.chi_square == now->chi_square;
    if (!is_same) file_written(path);
  }
  if (error) return fail_errno(error.value(), "reading " + options_.root.string());
  std::vector<std::string> gone;
  for (const auto& [path, known] : known_) {
    if (!there.contains(path)) gone.push_back(path);
  }
  for (const std::string& path : gone) file_gone(path);
  for (const std::string& canary : options_.canaries) {
    if (!there.contains(canary)) canary_touched(canary, "removed");
  }
  return take_found();
}

std::vector<analysis::Indicator> DatasetWatch::take_found() {
  for (analysis::Indicator& indicator : found_) indicator.generation = options_.generation;
  return std::exchange(found_, {});
}

void DatasetWatch::observe(analysis::ChangeKind kind, const std::string& path) {
  if (auto indicator = detector_.observe({kind, path})) found_.push_back(std::move(*indicator));
}

void DatasetWatch::raise(analysis::IndicatorKind kind, const std::string& path,
                         std::string explanation) {
  found_.push_back({.kind = kind,
                    .service = options_.service,
                    .path = path,
                    .time = clock_->now(),
                    .explanation = std::move(explanation)});
}

}  // namespace bulkhead::supervisor
