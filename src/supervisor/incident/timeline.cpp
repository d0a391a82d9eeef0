#include "supervisor/incident/timeline.h"

#include <fmt/format.h>
#include <unistd.h>

namespace bulkhead::supervisor {

Result<Timeline> Timeline::open(const Path& path) {
  Timeline timeline(path);
  timeline.file_ = TRY(open_file(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  TRY(sync_directory(path.parent_path()));
  const Bytes content = TRY(read_to_end(timeline.file_.get(), kTimelineSizeMax));

  std::string_view rest = as_text(content);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    const std::uint64_t number = timeline.records_.size() + 1;
    const std::string where = fmt::format("{}:{}", path.string(), number);
    const json::Value value = TRY_CONTEXT(json::parse(rest.substr(0, end)), where);
    Record record = TRY_CONTEXT(record_from_json(value), where);
    if (record.number != number) {
      return fail(ErrorKind::corrupt,
                  fmt::format("{}: is numbered {}; the timeline has lost or gained records", where,
                              record.number));
    }
    timeline.records_.push_back(std::move(record));
    rest.remove_prefix(end + 1);
  }
  timeline.size_ = static_cast<off_t>(content.size() - rest.size());
  if (!rest.empty()) {
    timeline.repaired_ = rest.size();
    if (ftruncate(timeline.file_.get(), timeline.size_) != 0 || fsync(timeline.file_.get()) != 0) {
      return fail_errno(errno, "cutting the unfinished line off " + path.string());
    }
  }
  return timeline;
}

Result<void> Timeline::append(std::vector<Record> records) {
  if (failed_) {
    return fail(ErrorKind::io, path_.string() +
                                   " could not be written before, and what it holds is not "
                                   "known; restart bulkheadd when the disk works again");
  }
  std::string lines;
  std::uint64_t number = records_.size();
  for (Record& record : records) {
    record.number = ++number;
    lines += json::write(to_json(record)) + "\n";
  }
  failed_ = true;
  if (const auto written = write_all(file_.get(), as_bytes(lines)); !written) {
    // A part of it may be there. Without that part it is as before, and may be tried again.
    failed_ = ftruncate(file_.get(), size_) != 0 || fdatasync(file_.get()) != 0;
    return std::unexpected(written.error().with_context("writing " + path_.string()));
  }
  if (fdatasync(file_.get()) != 0) return fail_errno(errno, "syncing " + path_.string());
  failed_ = false;
  size_ += static_cast<off_t>(lines.size());
  for (Record& record : records) records_.push_back(std::move(record));
  return {};
}

}  // namespace bulkhead::supervisor
