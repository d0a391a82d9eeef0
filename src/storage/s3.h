// A repository in a bucket of an S3 store, in restic's layout: PREFIX/data/<2 hex>/<name>, the
// other types flat. Addresses the bucket by path ("https://host/bucket/…"), signs with version 4.
//
// A name is the SHA-256 of its bytes, so save() needs no question before it: bytes under a wrong
// name are refused here (kind invalid), and a second put of the same name writes the same bytes.
// The config, which has no such name, is asked for first; stores before Ceph 20 ignore
// conditional puts, so two simultaneous makers of one repository are not kept apart.
//
// With a lock period, each object is put under COMPLIANCE retention and asked for afterwards: a
// store that took the bytes but not the lock is an error. The bucket must have been made with
// object lock.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"
#include "storage/backend.h"

namespace bulkhead::storage {

struct S3LockOptions {
  std::chrono::seconds period;
  const Clock* clock;  // outlives the backend
};

// `url` is what follows "s3:": "https://host:port/bucket/prefix", or "host/bucket/prefix".
Result<std::unique_ptr<Backend>> open_s3(std::string_view url, const OpenOptions& options,
                                         std::optional<S3LockOptions> lock = {});

// Puts a small object under a lock of `proof` and tries to delete its version: kind denied where
// the store let it be deleted, with the remedy. The object stays; its name begins with
// "lock-proof".
Result<void> prove_object_lock(std::string_view url, const OpenOptions& options,
                               std::chrono::seconds proof, const Clock& clock);

}  // namespace bulkhead::storage
