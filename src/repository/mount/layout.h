// Where a mount shows which snapshot: folders made by templates, as restic's mount makes them. In a
// template of paths %i is the snapshot's id, %I the whole of it, %T its time, %h its host, %u its
// user, %t a tag (a path for each; none without tags), and %% a per cent sign. One that ends in %T
// has a link `latest` beside the times. Pure.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include "repository/snapshot.h"

namespace bulkhead::repository {

struct MountLayout {
  std::vector<std::string> path_templates = {"ids/%i", "snapshots/%T", "hosts/%h/%T", "tags/%t/%T"};
  std::string time_template = "2006-01-02T15:04:05Z07:00";  // time_template.h
};

// Kind invalid where no folders can be made by it.
Result<void> require_usable(const MountLayout& layout);

struct SnapshotRoot {
  BlobId tree;
  WallTime time;
};
struct LatestLink {
  std::string target;
};
struct VirtualFolder {};
using FolderEntry = std::variant<VirtualFolder, LatestLink, SnapshotRoot>;

// Path ("", "/hosts/london") to name to entry. Every folder has an entry of its own, if only an
// empty one.
using FolderTable = std::map<std::string, std::map<std::string, FolderEntry>>;

// Of snapshots in the order of their times. Two of one name get "-1", "-2" behind it. A '/' in a
// host's or user's name or a tag is shown as '_'.
FolderTable lay_out(const std::vector<Snapshot>& snapshots, const MountLayout& layout = {});

}  // namespace bulkhead::repository
