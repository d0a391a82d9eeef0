// Result<T> is what every function that can fail returns. TRY(expression) takes the value out, or
// returns the error from the enclosing function; TRY_CONTEXT puts a context in front of it first.
#pragma once

#include <expected>
#include <type_traits>
#include <utility>

#include "base/error.h"

namespace bulkhead {

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message, Retry retry = Retry::no) {
  return std::unexpected(Error(kind, std::move(message), retry));
}

inline std::unexpected<Error> fail_errno(int error_number, std::string_view what) {
  return std::unexpected(error_from_errno(error_number, what));
}

}  // namespace bulkhead

// A GNU statement expression, which both of our compilers have: std::expected of libstdc++ 12 has
// no and_then, and a macro with a named out-variable reads worse at every call.
#define TRY(expression)                                               \
  ({                                                                  \
    auto&& bulkhead_try_result = (expression);                        \
    if (!bulkhead_try_result) [[unlikely]]                            \
      return std::unexpected(std::move(bulkhead_try_result).error()); \
    *std::move(bulkhead_try_result);                                  \
  })

#define TRY_CONTEXT(expression, context)                                                    \
  ({                                                                                        \
    auto&& bulkhead_try_result = (expression);                                              \
    if (!bulkhead_try_result) [[unlikely]]                                                  \
      return std::unexpected(std::move(bulkhead_try_result).error().with_context(context)); \
    *std::move(bulkhead_try_result);                                                        \
  })
