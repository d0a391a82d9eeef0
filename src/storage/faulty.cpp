#include "storage/faulty.h"

#include <type_traits>

namespace bulkhead::storage {
namespace {

std::unexpected<Error> lost() {
  return fail(ErrorKind::unavailable, "the connection was lost", Retry::may_help);
}

// What carries no bytes has no bit to change.
template <typename T>
void flip_bit(Result<T>&) {}
void flip_bit(Result<Bytes>& result) {
  if (result && !result->empty()) (*result)[result->size() / 2] ^= 0x10;
}

}  // namespace

template <typename Action>
auto FaultyBackend::with_fault(Operation operation, const FileId& id, const Action& action)
    -> decltype(action()) {
  if (crashed_) return fail(ErrorKind::unavailable, "the backend has crashed");
  const Fault fault = decision_({operation, id, calls_++});
  switch (fault) {
    case Fault::none: return action();
    case Fault::fail_before: return lost();
    case Fault::denied: return fail(ErrorKind::denied, "not allowed");
    case Fault::crash_before:
      crashed_ = true;
      return fail(ErrorKind::unavailable, "the backend has crashed");
    case Fault::fail_after:
    case Fault::crash_after: {
      const auto ignored = action();
      static_cast<void>(ignored);
      crashed_ = fault == Fault::crash_after;
      return lost();
    }
    case Fault::flip_bit: {
      auto result = action();
      flip_bit(result);
      return result;
    }
  }
  return action();
}

Result<void> FaultyBackend::create() {
  return with_fault(Operation::create, {FileType::config, ""}, [&] { return backend_.create(); });
}
Result<void> FaultyBackend::save(const FileId& id, ByteView content) {
  return with_fault(Operation::save, id, [&] { return backend_.save(id, content); });
}
Result<void> FaultyBackend::replace(const FileId& id, ByteView content) {
  return with_fault(Operation::save, id, [&] { return backend_.replace(id, content); });
}
Result<Bytes> FaultyBackend::load(const FileId& id) {
  return with_fault(Operation::load, id, [&] { return backend_.load(id); });
}
Result<Bytes> FaultyBackend::load_part(const FileId& id, std::uint64_t offset,
                                       std::uint64_t length) {
  return with_fault(Operation::load_part, id,
                    [&] { return backend_.load_part(id, offset, length); });
}
Result<FileInfo> FaultyBackend::stat(const FileId& id) {
  return with_fault(Operation::stat, id, [&] { return backend_.stat(id); });
}
Result<std::vector<FileInfo>> FaultyBackend::list(FileType type) {
  return with_fault(Operation::list, {type, ""}, [&] { return backend_.list(type); });
}
Result<void> FaultyBackend::remove(const FileId& id) {
  return with_fault(Operation::remove, id, [&] { return backend_.remove(id); });
}

}  // namespace bulkhead::storage
