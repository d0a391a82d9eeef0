#include "http/files.h"

#include <algorithm>
#include <cerrno>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/text.h"
#include "http/internal/response_head.h"
#include "http/url.h"

namespace bulkhead::http {
namespace {

enum class Comparison { weak, strong };

bool names(std::string_view list, std::string_view tag, Comparison comparison) {
  if (trim(list) == "*") return true;
  const auto bare = [](std::string_view text) {
    if (text.starts_with("W/")) text.remove_prefix(2);
    return text;
  };
  for (const std::string_view item : split(list, ',')) {
    const std::string_view candidate = trim(item);
    if (comparison == Comparison::strong &&
        (candidate.starts_with("W/") || tag.starts_with("W/"))) {
      continue;
    }
    if (bare(candidate) == bare(tag)) return true;
  }
  return false;
}

// If-Range: the part is only of use to who holds the same state of the rest.
bool range_applies(const Request& request, std::string_view tag, std::string_view modified) {
  const auto condition = request.headers.find("If-Range");
  return !condition || *condition == tag || *condition == modified;
}

bool is_unmodified(const Request& request, std::string_view tag, std::int64_t modified) {
  if (request.method != Method::get && request.method != Method::head) return false;
  if (request.headers.find("If-None-Match")) return has_current(request, tag);
  const auto since = request.headers.find("If-Modified-Since");
  const auto time = since ? internal::parse_http_date(*since) : std::nullopt;
  return time && modified <= *time;
}

}  // namespace

bool has_current(const Request& request, std::string_view entity_tag) {
  const auto condition = request.headers.find("If-None-Match");
  return condition && names(*condition, entity_tag, Comparison::weak);
}

bool may_change(const Request& request, std::string_view entity_tag) {
  const auto condition = request.headers.find("If-Match");
  return !condition || names(*condition, entity_tag, Comparison::strong);
}

Response with_entity_tag(const Request& request, Response response, std::string entity_tag) {
  const bool reads = request.method == Method::get || request.method == Method::head;
  if (reads && response.status == 200 && has_current(request, entity_tag)) {
    Response unmodified{.status = 304};
    for (const auto& [name, value] : response.headers.all()) {
      const std::string lower = to_lower_ascii(name);
      if (lower != "content-type") unmodified.headers.add(name, value);
    }
    unmodified.headers.set("ETag", std::move(entity_tag));
    return unmodified;
  }
  response.headers.set("ETag", std::move(entity_tag));
  return response;
}

RangeAnswer parse_range(std::string_view header, std::uint64_t size) {
  const RangeAnswer whole{RangeKind::whole, {0, size}};
  const RangeAnswer unsatisfiable{RangeKind::unsatisfiable, {}};
  if (!header.starts_with("bytes=")) return whole;
  const auto parts = split_once(trim(header.substr(6)), '-');
  if (!parts) return whole;
  const auto first = parse_u64(parts->first);
  const auto last = parse_u64(parts->second);
  if (parts->first.empty()) {
    // "-500": the last 500 bytes.
    if (!last) return whole;
    if (*last == 0 || size == 0) return unsatisfiable;
    const std::uint64_t length = std::min(*last, size);
    return {RangeKind::part, {size - length, length}};
  }
  if (!first || (!last && !parts->second.empty())) return whole;
  if (last && *last < *first) return whole;
  if (*first >= size) return unsatisfiable;
  const std::uint64_t end = last ? std::min(*last, size - 1) : size - 1;
  return {RangeKind::part, {*first, end - *first + 1}};
}

Result<Response> serve_file(const Request& request, FileDescriptor file,
                            const FileOptions& options) {
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) return fail_errno(errno, "looking at a file");
  if (!S_ISREG(status.st_mode)) return fail(ErrorKind::not_found, "this is not a file");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const std::string tag =
      !options.entity_tag.empty()
          ? options.entity_tag
          : fmt::format("\"{:x}-{:x}{:08x}\"", size, status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
  const std::string modified = internal::http_date(status.st_mtim.tv_sec);

  Response response;
  response.headers.add("ETag", tag);
  response.headers.add("Last-Modified", modified);
  if (!options.cache_control.empty()) response.headers.add("Cache-Control", options.cache_control);
  if (is_unmodified(request, tag, status.st_mtim.tv_sec)) {
    response.status = 304;
    return response;
  }
  response.headers.add("Content-Type", options.content_type);
  response.headers.add("Accept-Ranges", "bytes");
  if (!options.download_name.empty()) {
    response.headers.add("Content-Disposition", attachment(options.download_name));
  }
  RangeAnswer answer{RangeKind::whole, {0, size}};
  const auto range = request.headers.find("Range");
  if (range && range_applies(request, tag, modified)) answer = parse_range(*range, size);
  if (answer.kind == RangeKind::unsatisfiable) {
    Response refused = problem(416, "the file does not reach so far", request);
    refused.headers.set("Content-Range", fmt::format("bytes */{}", size));
    return refused;
  }
  if (answer.kind == RangeKind::part) {
    response.status = 206;
    response.headers.add("Content-Range",
                         fmt::format("bytes {}-{}/{}", answer.range.offset,
                                     answer.range.offset + answer.range.length - 1, size));
  }
  response.file = FileBody{std::move(file), answer.range.offset, answer.range.length};
  return response;
}

std::string attachment(std::string_view file_name) {
  std::string plain;
  for (const char c : file_name) {
    const bool safe = static_cast<unsigned char>(c) >= 0x20 &&
                      static_cast<unsigned char>(c) < 0x7f && c != '"' && c != '\\' && c != '/';
    plain += safe ? c : '_';
  }
  return fmt::format("attachment; filename=\"{}\"; filename*=UTF-8''{}", plain,
                     percent_encode(file_name));
}

}  // namespace bulkhead::http
