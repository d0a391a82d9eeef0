#include "supervisor/status/status_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/log.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kIncidentsShownMax = 10;
constexpr auto kRefreshInterval = 60s;  // "Updated" must not look dead on a quiet day

}  // namespace

StatusWriter::StatusWriter(const Estate& estate, const Layout& layout, const Messages& messages,
                           const Clock& clock, std::function<std::vector<ServiceStatus>()> services)
    : estate_(estate),
      layout_(layout),
      messages_(messages),
      clock_(clock),
      services_(std::move(services)),
      // The last change before the end is written, too: "closed" is the news that matters then.
      task_("status", kRefreshInterval, [this] {
        const auto written = write();
        if (!written) log::error("writing the status page", {{"why", written.error().message()}});
      }) {}

void StatusWriter::show(const StatusIncident& incident) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = std::find_if(incidents_.begin(), incidents_.end(),
                                    [&](const auto& each) { return each.id == incident.id; });
    if (known != incidents_.end()) {
      *known = incident;
    } else {
      incidents_.push_back(incident);
    }
    std::sort(incidents_.begin(), incidents_.end(),
              [](const auto& a, const auto& b) { return a.opened > b.opened; });
    if (incidents_.size() > kIncidentsShownMax) incidents_.resize(kIncidentsShownMax);
  }
  note_change();
}

void StatusWriter::note_change() { task_.wake(); }

Result<void> StatusWriter::write() {
  const std::lock_guard writing(writing_);
  StatusView view;
  view.now = clock_.now();
  view.services = services_();
  {
    const std::lock_guard lock(mutex_);
    view.incidents = incidents_;
  }
  const Path folder = layout_.status_pages();
  for (const std::string_view language : kLanguages) {
    TRY(write_file_atomic(folder / fmt::format("{}.html", language),
                          as_bytes(status_html(view, estate_, messages_, language))));
    TRY(write_file_atomic(folder / fmt::format("{}.atom", language),
                          as_bytes(status_atom(view, estate_, messages_, language))));
  }
  return write_file_atomic(folder / "summary.json",
                           as_bytes(status_summary(view, estate_, messages_)));
}

}  // namespace bulkhead::supervisor
