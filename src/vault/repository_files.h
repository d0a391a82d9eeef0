// What lies in a repository's folder beside restic's own layout; for the store's two halves.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "crypto/sha256.h"
#include "storage/backend.h"

namespace bulkhead::vault {

// What is being received; restic looks only into the folders it knows.
inline constexpr std::string_view kIncoming = "incoming";
inline constexpr std::string_view kReceipts = "receipts.jsonl";
inline constexpr std::string_view kDeletions = "deletions.jsonl";
// Index files that say of packs what is not so.
inline constexpr std::string_view kQuarantine = "quarantine";
// Names of index files that were found right.
inline constexpr std::string_view kInspected = "inspected";

// A repository is walked folder by folder: keys, snapshots, index, data's 256, and parity.
inline constexpr int kWalkedFolders = 3 + 256 + 1;
struct WalkedFolder {
  storage::FileType type;
  Path path;  // in the repository's folder
};
WalkedFolder walked_folder(int number);

using FileVisitor = std::function<void(const storage::FileInfo&)>;
// Those with a name of the format, in no order.
Result<void> visit_files(const Path& folder, const FileVisitor& visitor);
Result<std::vector<storage::FileInfo>> files_in(const Path& folder);
// Of a stored file, read piece by piece.
Result<crypto::Sha256Digest> digest_of(const Path& path);

}  // namespace bulkhead::vault
