#include "repository/retired_packs.h"

#include <fmt/format.h>

#include "json/value.h"
#include "repository/internal/decode_time.h"
#include "repository/internal/plain_index.h"

namespace bulkhead::repository {
namespace {

constexpr std::string_view kKey = "packs_to_delete";

}  // namespace

Result<std::vector<RetiredPack>> decode_retired(std::string_view text) {
  std::vector<RetiredPack> retired;
  if (text.find(kKey) == std::string_view::npos) return retired;
  if (auto plain = read_plain_index(text)) return std::move(plain->retired);
  const json::Value value = TRY(json::parse(text));
  const json::Array* list = value[kKey].array();
  if (list == nullptr) return retired;
  // Its entries are those of `packs`, with more keys.
  const std::vector<IndexedPack> packs =
      TRY_CONTEXT(decode_index(json::write(json::Object{{"packs", *list}})), kKey);
  for (std::size_t i = 0; i < packs.size(); ++i) {
    const json::Value& time = (*list)[i]["time"];
    WallTime since{};
    if (!time.is_null()) since = TRY(decode_time(time, "the time of a pack to delete"));
    retired.push_back({packs[i].id, since, packs[i].blobs});
  }
  return retired;
}

std::string encode_index_with_retired(const std::vector<IndexedPack>& packs,
                                      const std::vector<RetiredPack>& retired) {
  std::string text = encode_index(packs);
  if (retired.empty()) return text;
  constexpr std::string_view kEnd = "}\n";
  text.resize(text.size() - kEnd.size());
  text += fmt::format(",\"{}\":[", kKey);
  for (std::size_t i = 0; i < retired.size(); ++i) {
    const RetiredPack& pack = retired[i];
    // The entry as `packs` has it, and the time in front of its closing brace.
    constexpr std::string_view kBefore = "{\"packs\":[";
    constexpr std::string_view kAfter = "}]}\n";
    const std::string whole = encode_index({{pack.id, pack.blobs}});
    const std::string_view entry = std::string_view(whole).substr(
        kBefore.size(), whole.size() - kBefore.size() - kAfter.size());
    text += fmt::format("{}{},\"time\":\"{}\"}}", i == 0 ? "" : ",", entry, to_rfc3339(pack.time));
  }
  text += "]}\n";
  return text;
}

}  // namespace bulkhead::repository
