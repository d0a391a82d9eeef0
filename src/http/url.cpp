#include "http/url.h"

#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::http {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::string encode(std::string_view text, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c) || kept.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool has_control_character(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
  }
  return false;
}

Result<std::string> decode_form_text(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') c = ' ';
  }
  std::string decoded = TRY(percent_decode(spaced));
  if (!is_valid_utf8(decoded)) return fail(ErrorKind::invalid, "a parameter is not UTF-8");
  return decoded;
}

}  // namespace

std::string percent_encode(std::string_view text) { return encode(text, ""); }

std::string percent_encode_path(std::string_view path) { return encode(path, "/"); }

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return fail(ErrorKind::invalid, "\"%\" without two hexadecimal digits after it");
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<std::string> normalise_path(std::string_view raw_path) {
  if (raw_path.empty() || raw_path.front() != '/') {
    return fail(ErrorKind::invalid, "a path begins with \"/\"");
  }
  const std::string decoded = TRY(percent_decode(raw_path));
  if (has_control_character(decoded)) {
    return fail(ErrorKind::invalid, "a path holds no control characters");
  }
  if (!is_valid_utf8(decoded)) return fail(ErrorKind::invalid, "a path is UTF-8");

  std::vector<std::string_view> kept;
  std::string_view last;
  for (const std::string_view segment : split(std::string_view(decoded).substr(1), '/')) {
    last = segment;
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (kept.empty()) {
      return fail(ErrorKind::invalid, "a path does not lead above the root");
    } else {
      kept.pop_back();
    }
  }
  std::string out;
  for (const std::string_view segment : kept) {
    out += '/';
    out += segment;
  }
  if (out.empty() || last.empty() || last == "." || last == "..") out += '/';
  return out;
}

Result<Parameters> parse_parameters(std::string_view text) {
  Parameters parameters;
  if (text.empty()) return parameters;
  for (const std::string_view pair : split(text, '&')) {
    if (pair.empty()) continue;
    if (parameters.all().size() == kQueryParametersMax) {
      return fail(ErrorKind::limit, fmt::format("more than {} parameters", kQueryParametersMax));
    }
    const auto [name, value] = split_once(pair, '=').value_or(std::pair(pair, std::string_view()));
    parameters.add(TRY(decode_form_text(name)), TRY(decode_form_text(value)));
  }
  return parameters;
}

Result<Target> parse_target(std::string_view target) {
  // RFC 9112, 3.2.2: a server accepts the absolute form, too.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!target.starts_with(scheme)) continue;
    target.remove_prefix(scheme.size());
    const std::size_t end = target.find_first_of("/?");
    if (end == std::string_view::npos) return Target{.path = "/"};
    target.remove_prefix(end);
    if (target.front() == '?') {
      return Target{.path = "/", .query = TRY(parse_parameters(target.substr(1)))};
    }
    break;
  }
  if (target.find('#') != std::string_view::npos) {
    return fail(ErrorKind::invalid, "a request target holds no fragment");
  }
  const std::size_t question = target.find('?');
  Target parsed{.path = TRY(normalise_path(target.substr(0, question)))};
  if (question != std::string_view::npos) {
    parsed.query = TRY(parse_parameters(target.substr(question + 1)));
  }
  return parsed;
}

}  // namespace bulkhead::http
