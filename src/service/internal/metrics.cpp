#include "service/internal/metrics.h"

#include <iterator>

#include <fmt/format.h>

namespace bulkhead::service::internal {
namespace {

std::string label(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

void Metrics::record(std::string_view route, std::string_view method, int status,
                     std::chrono::nanoseconds duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  counts_.with([&](Counts& counts) {
    ++counts.requests[{std::string(route), std::string(method), status}];
    Histogram& histogram = counts.durations[std::string(route)];
    ++histogram.count;
    histogram.sum_seconds += seconds;
    for (std::size_t i = 0; i < kBounds.size(); ++i) {
      if (seconds <= kBounds[i]) ++histogram.buckets[i];
    }
  });
}

std::string Metrics::text(std::uint64_t audit_sent, std::uint64_t audit_dropped) const {
  std::string out;
  auto to = std::back_inserter(out);
  const std::string service = label(service_);
  fmt::format_to(to,
                 "# HELP bulkhead_requests_total Requests answered.\n"
                 "# TYPE bulkhead_requests_total counter\n");
  counts_.with([&](const Counts& counts) {
    for (const auto& [key, count] : counts.requests) {
      const auto& [route, method, status] = key;
      fmt::format_to(to,
                     "bulkhead_requests_total{{service=\"{}\",route=\"{}\",method=\"{}\",status="
                     "\"{}\"}} {}\n",
                     service, label(route), method, status, count);
    }
    fmt::format_to(to,
                   "# HELP bulkhead_request_seconds Time from a request's head to its answer.\n"
                   "# TYPE bulkhead_request_seconds histogram\n");
    for (const auto& [route, histogram] : counts.durations) {
      const std::string labels = fmt::format("service=\"{}\",route=\"{}\"", service, label(route));
      for (std::size_t i = 0; i < kBounds.size(); ++i) {
        fmt::format_to(to, "bulkhead_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                       kBounds[i], histogram.buckets[i]);
      }
      fmt::format_to(to, "bulkhead_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n", labels,
                     histogram.count);
      fmt::format_to(to, "bulkhead_request_seconds_sum{{{}}} {:.9f}\n", labels,
                     histogram.sum_seconds);
      fmt::format_to(to, "bulkhead_request_seconds_count{{{}}} {}\n", labels, histogram.count);
    }
  });
  fmt::format_to(to,
                 "# HELP bulkhead_audit_events_total Audit events, by what became of them.\n"
                 "# TYPE bulkhead_audit_events_total counter\n"
                 "bulkhead_audit_events_total{{service=\"{0}\",result=\"sent\"}} {1}\n"
                 "bulkhead_audit_events_total{{service=\"{0}\",result=\"dropped\"}} {2}\n",
                 service, audit_sent, audit_dropped);
  return out;
}

}  // namespace bulkhead::service::internal
