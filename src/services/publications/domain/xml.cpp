#include "services/publications/domain/xml.h"

#include <vector>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::services::publications::xml {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

// Collects the text of a subtree without recursion: books choose how deep they nest.
class TextCollector : public pugi::xml_tree_walker {
 public:
  explicit TextCollector(std::size_t length_max) : length_max_(length_max) {}

  bool for_each(pugi::xml_node& node) override {
    if (node.type() == pugi::node_pcdata || node.type() == pugi::node_cdata) append(node.value());
    return out_.size() <= length_max_;
  }

  std::string take() {
    out_.resize(std::min(out_.size(), length_max_));
    while (!is_valid_utf8(out_) && !out_.empty()) out_.pop_back();
    return std::string(trim(out_));
  }

 private:
  void append(std::string_view piece) {
    for (const char c : piece) {
      const bool is_space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
      if (!is_space) out_ += c;
      if (is_space && !out_.empty() && out_.back() != ' ') out_ += ' ';
      if (out_.size() > length_max_) return;
    }
  }

  std::size_t length_max_;
  std::string out_;
};

}  // namespace

Result<void> parse(pugi::xml_document& into, ByteView bytes, std::string_view name) {
  if (bytes.size() > kXmlSizeMax) {
    return fail(ErrorKind::limit, fmt::format("{} is longer than 8 MiB", name));
  }
  const pugi::xml_parse_result parsed = into.load_buffer(
      bytes.data(), bytes.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!parsed) {
    return fail(ErrorKind::corrupt, fmt::format("{}: not well-formed at byte {}: {}", name,
                                                parsed.offset, parsed.description()));
  }
  return {};
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children()) {
    if (node.type() == pugi::node_element && local_name(node) == name) return node;
  }
  return {};
}

std::string text(const pugi::xml_node& node, std::size_t length_max) {
  TextCollector collector(length_max);
  pugi::xml_node start = node;
  start.traverse(collector);
  return collector.take();
}

std::string resolve(std::string_view from, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  reference = reference.substr(0, reference.find('?'));
  if (reference.empty()) return std::string(from);
  const std::string decoded = percent_decode(reference);
  if (decoded.starts_with('/') || decoded.find(':') != std::string::npos) return "";

  const std::size_t slash = from.rfind('/');
  const std::string joined = slash == std::string_view::npos
                                 ? decoded
                                 : fmt::format("{}/{}", from.substr(0, slash), decoded);
  std::vector<std::string_view> segments;
  for (const std::string_view segment : split(joined, '/')) {
    if (segment.empty() || segment == ".") continue;
    if (segment == "..") {
      if (segments.empty()) return "";
      segments.pop_back();
    } else {
      segments.push_back(segment);
    }
  }
  std::string out;
  for (const std::string_view segment : segments) {
    if (!out.empty()) out += '/';
    out += segment;
  }
  return out;
}

std::string fragment_of(std::string_view reference) {
  const std::size_t hash = reference.find('#');
  return hash == std::string_view::npos ? "" : percent_decode(reference.substr(hash + 1));
}

}  // namespace bulkhead::services::publications::xml
