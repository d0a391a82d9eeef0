#include "repository/internal/plain_tree.h"

#include "repository/internal/plain_text.h"
#include "repository/internal/tree_types.h"

namespace bulkhead::repository {
namespace {

// "2020-09-30T06:15:00.25Z", or with an offset in place of the Z.
std::optional<WallTime> read_time(std::string_view text) {
  using namespace std::chrono;
  if (text.size() < 20) return std::nullopt;
  bool digits_only = true;
  const auto number = [&](std::size_t at, std::size_t count) {
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
      digits_only = digits_only && text[i] >= '0' && text[i] <= '9';
      value = value * 10 + (text[i] - '0');
    }
    return value;
  };
  const int year_number = number(0, 4);
  const year_month_day date(year(year_number), month(static_cast<unsigned>(number(5, 2))),
                            day(static_cast<unsigned>(number(8, 2))));
  const int hour = number(11, 2);
  const int minute = number(14, 2);
  const int second = number(17, 2);
  if (!digits_only || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' ||
      text[16] != ':' || !date.ok() || year_number < 1678 || year_number > 2261 || hour > 23 ||
      minute > 59 || second > 59) {
    return std::nullopt;
  }
  std::size_t at = 19;
  std::int64_t fraction = 0;
  if (text[at] == '.') {
    const std::size_t begin = ++at;
    std::int64_t unit = 1'000'000'000;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
      unit /= 10;
      fraction += (text[at++] - '0') * unit;
    }
    if (at == begin || at - begin > 9) return std::nullopt;
  }
  minutes offset{0};
  const std::string_view zone = text.substr(at);
  if (zone != "Z") {
    if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':') {
      return std::nullopt;
    }
    const int offset_hours = number(at + 1, 2);
    const int offset_minutes = number(at + 4, 2);
    if (!digits_only || offset_hours > 23 || offset_minutes > 59) return std::nullopt;
    offset = hours(offset_hours) + minutes(offset_minutes);
    if (zone[0] == '-') offset = -offset;
  }
  return WallTime(sys_days(date)) + hours(hour) + minutes(minute) + seconds(second) - offset +
         nanoseconds(fraction);
}

bool read_time(PlainText& in, std::string_view key, WallTime& out) {
  std::string_view text;
  if (!in.skip(key) || !in.text(text)) return false;
  const auto time = read_time(text);
  if (time) out = *time;
  return time.has_value();
}

template <typename Number>
bool read_optional(PlainText& in, std::string_view key, Number& out) {
  return !in.skip(key) || in.number(out);
}

bool read_optional_text(PlainText& in, std::string_view key, std::string& out) {
  if (!in.skip(key)) return true;
  std::string_view text;
  if (!in.text(text)) return false;
  out = text;
  return true;
}

bool read_content(PlainText& in, Node& node) {
  if (node.type != NodeType::file) return in.skip(",\"content\":null");
  if (!in.skip(",\"content\":[")) return false;
  if (in.skip("]")) return true;
  while (in.skip("\"")) {
    if (!in.id(node.content.emplace_back())) return false;
    if (in.skip("]")) return true;
    if (!in.skip(",")) return false;
  }
  return false;
}

bool read_node(PlainText& in, Node& node) {
  std::string_view name;
  std::string_view type;
  if (!in.skip("{\"name\":\"") || !in.text(name) || !is_plain_name(name)) return false;
  node.name = name;
  if (!in.skip(",\"type\":\"") || !in.text(type)) return false;
  const auto known = node_type_of(type);
  if (!known) return false;
  node.type = *known;
  std::uint64_t go_mode = 0;
  if (!read_optional(in, ",\"mode\":", go_mode)) return false;
  node.mode = from_go_mode(go_mode);
  const bool head = read_time(in, ",\"mtime\":\"", node.modified) &&
                    read_time(in, ",\"atime\":\"", node.accessed) &&
                    read_time(in, ",\"ctime\":\"", node.changed) && in.skip(",\"uid\":") &&
                    in.number(node.uid) && in.skip(",\"gid\":") && in.number(node.gid) &&
                    read_optional_text(in, ",\"user\":\"", node.user) &&
                    read_optional_text(in, ",\"group\":\"", node.group) &&
                    read_optional(in, ",\"inode\":", node.inode) &&
                    read_optional(in, ",\"device_id\":", node.device_id) &&
                    read_optional(in, ",\"size\":", node.size) &&
                    read_optional(in, ",\"links\":", node.links) &&
                    read_optional_text(in, ",\"linktarget\":\"", node.link_target) &&
                    read_optional(in, ",\"device\":", node.device);
  if (!head || !read_content(in, node)) return false;
  const bool has_subtree = in.skip(",\"subtree\":\"");
  if (has_subtree != (node.type == NodeType::directory)) return false;
  if (has_subtree && !in.id(node.subtree.emplace())) return false;
  return in.skip("}");
}

}  // namespace

std::optional<Tree> read_plain_tree(std::string_view text) {
  PlainText in(text);
  Tree tree;
  if (!in.skip("{\"nodes\":[")) return std::nullopt;
  if (in.skip("]}\n")) return in.at_end() ? std::optional(std::move(tree)) : std::nullopt;
  constexpr std::size_t kUsualNode = 380;
  tree.nodes.reserve(text.size() / kUsualNode + 1);
  while (read_node(in, tree.nodes.emplace_back())) {
    const std::size_t count = tree.nodes.size();
    if (count > 1 && tree.nodes[count - 2].name >= tree.nodes[count - 1].name) return std::nullopt;
    if (in.skip(",")) continue;
    if (!in.skip("]}\n") || !in.at_end()) return std::nullopt;
    return tree;
  }
  return std::nullopt;
}

}  // namespace bulkhead::repository
