#include "base/error.h"

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace bulkhead {

std::string_view name_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::denied: return "denied";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::invalid: return "invalid";
    case ErrorKind::limit: return "limit";
    case ErrorKind::unavailable: return "unavailable";
    case ErrorKind::io: return "io";
    case ErrorKind::internal: return "internal";
  }
  return "internal";
}

Error Error::with_context(std::string_view context) const {
  return Error(kind_, fmt::format("{}: {}", context, message_), retry_);
}

namespace {

ErrorKind kind_of_errno(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
    case ENXIO: return ErrorKind::not_found;
    case EACCES:
    case EPERM:
    case EROFS: return ErrorKind::denied;
    case EEXIST:
    case ENOTEMPTY:
    case EBUSY:
    case EADDRINUSE: return ErrorKind::conflict;
    case EINVAL:
    case ENAMETOOLONG:
    case ELOOP:
    case EISDIR: return ErrorKind::invalid;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return ErrorKind::limit;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EAGAIN: return ErrorKind::unavailable;
    default: return ErrorKind::io;
  }
}

}  // namespace

Error error_from_errno(int error_number, std::string_view what) {
  const ErrorKind kind = kind_of_errno(error_number);
  const Retry retry = kind == ErrorKind::unavailable ? Retry::may_help : Retry::no;
  return Error(kind, fmt::format("{}: {}", what, std::strerror(error_number)), retry);
}

}  // namespace bulkhead
