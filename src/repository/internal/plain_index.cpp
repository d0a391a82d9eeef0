#include "repository/internal/plain_index.h"

#include <fmt/format.h>

#include "json/value.h"
#include "repository/internal/decode_time.h"
#include "repository/internal/plain_text.h"

namespace bulkhead::repository {

Result<void> require_possible_blob(const PackedBlob& blob) {
  if (blob.sealed_size < crypto::kSealOverhead) {
    return fail(ErrorKind::corrupt,
                fmt::format("blob {} is shorter than its overhead", blob.id.to_hex()));
  }
  if (blob.plaintext_size() > kBlobSizeMax) {
    return fail(ErrorKind::corrupt, fmt::format("blob {} says it has {} bytes", blob.id.to_hex(),
                                                blob.plaintext_size()));
  }
  return {};
}

namespace {

bool read_plain_blob(PlainText& in, PackedBlob& blob) {
  if (!in.skip("{\"id\":\"") || !in.id(blob.id)) return false;
  if (in.skip(",\"type\":\"data\"")) blob.type = BlobType::data;
  else if (in.skip(",\"type\":\"tree\"")) blob.type = BlobType::tree;
  else return false;
  if (!in.skip(",\"offset\":") || !in.number(blob.offset)) return false;
  if (!in.skip(",\"length\":") || !in.number(blob.sealed_size)) return false;
  if (in.skip(",\"uncompressed_length\":") && !in.number(blob.raw_size)) return false;
  return in.skip("}") && require_possible_blob(blob).has_value();
}

// Up to where its brace would close.
bool read_plain_pack(PlainText& in, PackId& id, std::vector<PackedBlob>& blobs) {
  if (!in.skip("{\"id\":\"") || !in.id(id) || !in.skip(",\"blobs\":[")) return false;
  if (in.skip("]")) return true;
  while (read_plain_blob(in, blobs.emplace_back())) {
    if (in.skip("]")) return true;
    if (!in.skip(",")) return false;
  }
  return false;
}

bool read_plain_time(PlainText& in, WallTime& time) {
  std::string_view text;
  if (!in.skip(",\"time\":\"") || !in.text(text)) return false;
  const auto decoded = decode_time(json::Value(std::string(text)), "time");
  if (!decoded) return false;
  time = *decoded;
  return true;
}

// Of a list that is not empty, and over its bracket.
template <typename Read>
bool read_plain_list(PlainText& in, const Read& read_one) {
  while (read_one()) {
    if (in.skip("]")) return true;
    if (!in.skip(",")) return false;
  }
  return false;
}

}  // namespace

std::optional<PlainIndex> read_plain_index(std::string_view text) {
  PlainText in(text);
  PlainIndex index;
  const auto read_pack = [&] {
    IndexedPack& pack = index.packs.emplace_back();
    return read_plain_pack(in, pack.id, pack.blobs) && in.skip("}");
  };
  const auto read_retired = [&] {
    RetiredPack& pack = index.retired.emplace_back();
    return read_plain_pack(in, pack.id, pack.blobs) && read_plain_time(in, pack.time) &&
           in.skip("}");
  };
  if (!in.skip("{\"packs\":[")) return std::nullopt;
  if (!in.skip("]") && !read_plain_list(in, read_pack)) return std::nullopt;
  if (in.skip(",\"packs_to_delete\":[") && !read_plain_list(in, read_retired)) return std::nullopt;
  // restic's has a newline, or not.
  if (!in.skip("}")) return std::nullopt;
  in.skip("\n");
  if (!in.at_end()) return std::nullopt;
  return index;
}

}  // namespace bulkhead::repository
