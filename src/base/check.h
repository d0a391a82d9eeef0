// CHECK is always on and is for programmers' errors only: an invariant that our own code must keep.
// Input, configuration, files and networks are never CHECKed: they answer an Error (base/error.h).
#pragma once

namespace bulkhead {

// Prints the place and the condition, and ends the process at once by abort().
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

}  // namespace bulkhead

#define CHECK(condition)                                        \
  do {                                                          \
    if (!(condition)) [[unlikely]]                              \
      ::bulkhead::check_failed(#condition, __FILE__, __LINE__); \
  } while (false)
