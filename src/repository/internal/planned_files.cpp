#include "repository/internal/planned_files.h"

#include <algorithm>

#include "base/check.h"

namespace bulkhead::repository {
namespace {

constexpr std::size_t kBlockSize = 1 << 20;
constexpr std::uint32_t kNoFolder = UINT32_MAX;

}  // namespace

void PlannedFiles::add(const Node& file, std::size_t folder) {
  CHECK(folder == kTargetItself || folder < kNoFolder);
  CHECK(file.name.size() <= UINT32_MAX && file.content.size() <= UINT32_MAX);
  std::uint8_t* const text = take(file.name.size() + file.content.size() * BlobId::kSize);
  std::uint8_t* at = std::ranges::copy(file.name, text).out;
  for (const BlobId& id : file.content) at = std::ranges::copy(id.bytes(), at).out;
  entries_.push_back(
      {.text = text,
       .bytes = file.size,
       .modified = file.modified,
       .accessed = file.accessed,
       .folder = static_cast<std::uint32_t>(std::min<std::size_t>(folder, kNoFolder)),
       .name_size = static_cast<std::uint32_t>(file.name.size()),
       .parts = static_cast<std::uint32_t>(file.content.size()),
       .attributes = position_of(file.extended_attributes),
       .uid = file.uid,
       .gid = file.gid,
       .mode = file.mode});
}

PlannedNode PlannedFiles::operator[](std::size_t i) const {
  const Entry& entry = entries_[i];
  PlannedNode planned;
  planned.folder = folder(i);
  Node& node = planned.node;
  node.name = name(i);
  node.mode = entry.mode;
  node.modified = entry.modified;
  node.accessed = entry.accessed;
  node.uid = entry.uid;
  node.gid = entry.gid;
  node.size = entry.bytes;
  node.extended_attributes = attributes_[entry.attributes];
  node.content.reserve(entry.parts);
  for (std::size_t at = 0; at < entry.parts; ++at) node.content.push_back(part(i, at));
  return planned;
}

std::size_t PlannedFiles::folder(std::size_t i) const {
  const std::uint32_t position = entries_[i].folder;
  return position == kNoFolder ? kTargetItself : position;
}

std::string_view PlannedFiles::name(std::size_t i) const {
  return as_text(ByteView(entries_[i].text, entries_[i].name_size));
}

BlobId PlannedFiles::part(std::size_t i, std::size_t position) const {
  const Entry& entry = entries_[i];
  return BlobId::from_bytes(
      ByteView(entry.text + entry.name_size + position * BlobId::kSize, BlobId::kSize));
}

std::uint8_t* PlannedFiles::take(std::size_t size) {
  if (blocks_.empty() || blocks_.back().size() - used_ < size) {
    blocks_.emplace_back(std::max(size, kBlockSize));
    used_ = 0;
  }
  std::uint8_t* const taken = blocks_.back().data() + used_;
  used_ += size;
  return taken;
}

std::uint32_t PlannedFiles::position_of(const std::vector<ExtendedAttribute>& attributes) {
  if (attributes.empty()) return 0;
  if (attributes_.back() != attributes) attributes_.push_back(attributes);
  return static_cast<std::uint32_t>(attributes_.size() - 1);
}

}  // namespace bulkhead::repository
