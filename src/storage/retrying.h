// Tries again what may pass: each call that fails with Retry::may_help, after a growing pause, of
// which a random part of up to half is left out, so that many who failed together do not come back
// together. Safe since saving the same bytes under the same name twice is no error
// (storage/backend.h).
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>

#include "storage/backend.h"

namespace bulkhead::storage {

struct RetryOptions {
  int attempts_max = 6;
  std::chrono::milliseconds first_pause{200};  // doubled each time, up to pause_max
  std::chrono::milliseconds pause_max{8000};
  // Once a stop is asked for nothing is tried again: a pause under way ends at once.
  std::stop_token stop = {};
  // How to wait; a test passes one that only counts. Empty: the thread sleeps.
  std::function<void(std::chrono::milliseconds)> pause;
};

std::unique_ptr<Backend> with_retries(std::unique_ptr<Backend> backend,
                                      const RetryOptions& options = {});

}  // namespace bulkhead::storage
