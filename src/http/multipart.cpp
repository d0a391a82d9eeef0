#include "http/multipart.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace bulkhead::http {
namespace {

constexpr std::size_t kBoundaryLengthMax = 70;
constexpr std::string_view kLineEnd = "\r\n";

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::invalid, "the form is malformed: " + std::string(what));
}

// The value of `name` among "; name=value; other=\"quoted value\"", which follow a header's value.
std::optional<std::string> parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at < header.size()) {
    ++at;  // the semicolon
    while (at < header.size() && (header[at] == ' ' || header[at] == '\t')) ++at;
    const std::size_t equals = header.find('=', at);
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string key = to_lower_ascii(trim(header.substr(at, equals - at)));
    std::string value;
    at = equals + 1;
    if (at < header.size() && header[at] == '"') {
      const std::size_t close = header.find('"', at + 1);
      if (close == std::string_view::npos) return std::nullopt;
      value = header.substr(at + 1, close - at - 1);
      at = header.find(';', close);
    } else {
      const std::size_t end = header.find(';', at);
      value = trim(header.substr(at, end == std::string_view::npos ? end : end - at));
      at = end;
    }
    if (key == name) return value;
  }
  return std::nullopt;
}

bool is_boundary(std::string_view text) {
  constexpr std::string_view kOther = "'()+_,-./:=? ";
  return !text.empty() && text.size() <= kBoundaryLengthMax && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [&](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  kOther.find(c) != std::string_view::npos;
         });
}

// Browsers write these three characters of a name or file name percent-encoded, and no others
// (the encoding of multipart/form-data in the HTML standard).
std::string decode_name(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::string_view three = text.substr(i, 3);
    if (three == "%22" || three == "%0D" || three == "%0A") {
      decoded += three == "%22" ? '"' : ' ';
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// Some browsers once sent whole paths; nothing but the last name is ever of use.
std::string base_name(const std::string& name) {
  const std::size_t slash = name.find_last_of("/\\");
  return slash == std::string::npos ? name : name.substr(slash + 1);
}

Result<FormPart> read_headers(std::string_view headers) {
  FormPart part;
  bool named = false;
  while (!headers.empty()) {
    const std::size_t end = std::min(headers.find(kLineEnd), headers.size());
    const std::string_view line = headers.substr(0, end);
    headers.remove_prefix(std::min(end + kLineEnd.size(), headers.size()));
    const auto header = split_once(line, ':');
    if (!header) return malformed("a part's header has no colon");
    const std::string name = to_lower_ascii(trim(header->first));
    const std::string_view value = trim(header->second);
    if (name == "content-type") part.content_type = value;
    if (name != "content-disposition") continue;
    const std::string_view kind = trim(value.substr(0, value.find(';')));
    const auto field = parameter(value, "name");
    if (to_lower_ascii(kind) != "form-data" || !field) return malformed("a part has no name");
    part.name = decode_name(*field);
    part.file_name = base_name(decode_name(parameter(value, "filename").value_or("")));
    named = true;
  }
  if (!named) return malformed("a part has no Content-Disposition");
  if (!is_valid_utf8(part.name) || !is_valid_utf8(part.file_name)) {
    return malformed("a name is not UTF-8");
  }
  return part;
}

}  // namespace

Result<std::vector<FormPart>> parse_multipart(std::string_view body,
                                              std::string_view content_type) {
  const std::string_view media_type = trim(content_type.substr(0, content_type.find(';')));
  if (to_lower_ascii(media_type) != "multipart/form-data") {
    return malformed("it must be sent as multipart/form-data");
  }
  const auto boundary = parameter(content_type, "boundary");
  if (!boundary || !is_boundary(*boundary)) return malformed("it has no usable boundary");
  const std::string delimiter = "--" + *boundary;
  // The first delimiter begins the body or, after a preamble, a line.
  std::size_t at = 0;
  if (!body.starts_with(delimiter)) {
    at = body.find(std::string(kLineEnd) + delimiter);
    if (at == std::string_view::npos) return malformed("its boundary does not occur in it");
    at += kLineEnd.size();
  }
  body.remove_prefix(at + delimiter.size());

  const std::string next = std::string(kLineEnd) + delimiter;
  std::vector<FormPart> parts;
  while (!body.starts_with("--")) {
    if (parts.size() == kFormPartsMax) return fail(ErrorKind::limit, "the form has too many parts");
    const std::size_t line_end = body.find(kLineEnd);
    if (line_end == std::string_view::npos || !trim(body.substr(0, line_end)).empty()) {
      return malformed("something follows a boundary on its line");
    }
    // The headers' own line end stays, so that a part without headers has an empty line first.
    const std::size_t headers_end = body.find("\r\n\r\n", line_end);
    if (headers_end == std::string_view::npos) return malformed("a part's headers do not end");
    if (headers_end - line_end > kFormPartHeaderSizeMax) {
      return fail(ErrorKind::limit, "a part of the form has too long headers");
    }
    const std::size_t headers_begin = std::min(line_end + kLineEnd.size(), headers_end);
    FormPart part = TRY(read_headers(body.substr(headers_begin, headers_end - headers_begin)));
    body.remove_prefix(headers_end + 2 * kLineEnd.size());
    // An empty content may leave only the line end that belongs to the delimiter.
    const std::size_t content_end = body.find(next);
    if (content_end == std::string_view::npos) return malformed("it was cut off");
    part.content = body.substr(0, content_end);
    body.remove_prefix(content_end + next.size());
    parts.push_back(std::move(part));
  }
  return parts;
}

}  // namespace bulkhead::http
