#include "repository/internal/access_list.h"

#include <archive_entry.h>

namespace bulkhead::repository {
namespace {

constexpr std::uint32_t kVersion = 2;
constexpr std::size_t kEntrySize = 8;

struct TagName {
  std::uint16_t stored;
  int archived;
};
constexpr TagName kTags[] = {{0x01, ARCHIVE_ENTRY_ACL_USER_OBJ},  {0x02, ARCHIVE_ENTRY_ACL_USER},
                             {0x04, ARCHIVE_ENTRY_ACL_GROUP_OBJ}, {0x08, ARCHIVE_ENTRY_ACL_GROUP},
                             {0x10, ARCHIVE_ENTRY_ACL_MASK},      {0x20, ARCHIVE_ENTRY_ACL_OTHER}};

int archived_tag(std::uint16_t stored) {
  for (const TagName& tag : kTags) {
    if (tag.stored == stored) return tag.archived;
  }
  return 0;
}

std::uint16_t read_u16le(ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] | bytes[at + 1] << 8);
}

}  // namespace

bool add_access_list(archive_entry& entry, std::string_view attribute, ByteView value) {
  int type = 0;
  if (attribute == "system.posix_acl_access") type = ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
  else if (attribute == "system.posix_acl_default") type = ARCHIVE_ENTRY_ACL_TYPE_DEFAULT;
  else return false;
  if (value.size() < 4 || (value.size() - 4) % kEntrySize != 0) return false;
  if (read_u32le(value, 0) != kVersion) return false;
  for (std::size_t at = 4; at < value.size(); at += kEntrySize) {
    if (archived_tag(read_u16le(value, at)) == 0) return false;
  }
  for (std::size_t at = 4; at < value.size(); at += kEntrySize) {
    const int tag = archived_tag(read_u16le(value, at));
    const int permissions = read_u16le(value, at + 2) & 7;
    const bool named = tag == ARCHIVE_ENTRY_ACL_USER || tag == ARCHIVE_ENTRY_ACL_GROUP;
    const int id = named ? static_cast<int>(read_u32le(value, at + 4)) : -1;
    ::archive_entry_acl_add_entry(&entry, type, permissions, tag, id, nullptr);
  }
  return true;
}

}  // namespace bulkhead::repository
