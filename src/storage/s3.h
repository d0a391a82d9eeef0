// A repository in a bucket of an S3 store, in restic's layout: PREFIX/data/<2 hex>/<name>, the
// other types flat. Addresses the bucket by path ("https://host/bucket/…"), signs with version 4.
//
// A name is the SHA-256 of its bytes, so save() needs no question before it: bytes under a wrong
// name are refused here (kind invalid), and a second put of the same name writes the same bytes.
// The config, which has no such name, is asked for first; stores before Ceph 20 ignore
// conditional puts, so two simultaneous makers of one repository are not kept apart.
//
// Objects under a lock: storage/locked_store.h.
#pragma once

#include "storage/backend.h"

namespace bulkhead::storage {

// `url` is what follows "s3:": "https://host:port/bucket/prefix", or "host/bucket/prefix".
Result<std::unique_ptr<Backend>> open_s3(std::string_view url, const OpenOptions& options);

}  // namespace bulkhead::storage
