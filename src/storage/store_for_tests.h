// The S3 store that a test is to use, as tests/s3/radosgw_test.py names it ("URL KEY SECRET").
#pragma once

#include <cstdlib>
#include <optional>
#include <string>

#include "base/text.h"
#include "storage/backend.h"

namespace bulkhead::storage {

struct StoreForTests {
  std::string url;
  OpenOptions options;
};

// BULKHEAD_TEST_S3 names it without a bucket, BULKHEAD_TEST_S3_LOCKED with one that has object
// lock.
inline std::optional<StoreForTests> store_for_tests(const char* variable) {
  const char* text = std::getenv(variable);
  if (text == nullptr) return std::nullopt;
  const auto parts = split(text, ' ');
  StoreForTests store{std::string(parts.at(0)), {}};
  store.options.s3_key_id = parts.at(1);
  store.options.s3_secret_key = parts.at(2);
  return store;
}

}  // namespace bulkhead::storage
