// What went wrong, said once and passed up by value. An Error names its kind (which decides the
// HTTP status and the exit status), whether the same call may succeed later, and a message for a
// person: which object, what is wrong with it, and what to do. Context is put in front where its
// meaning is known: "reading index 3f2a…: file is 12 bytes, header says 4096".
#pragma once

#include <string>
#include <string_view>

namespace bulkhead {

enum class ErrorKind {
  not_found,    // the named thing does not exist
  corrupt,      // stored bytes contradict themselves
  denied,       // not allowed, or the credential is wrong
  conflict,     // exists already, or changed meanwhile
  invalid,      // the input is malformed
  limit,        // a named limit was reached
  unavailable,  // cannot be reached or is not ready
  io,           // the operating system refused a read, write or call
  internal,     // our own mistake
};

enum class Retry { no, may_help };

// "not_found", "corrupt" and so on.
std::string_view name_of(ErrorKind kind);

class Error {
 public:
  Error(ErrorKind kind, std::string message, Retry retry = Retry::no)
      : kind_(kind), retry_(retry), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  Retry retry() const { return retry_; }
  const std::string& message() const { return message_; }

  // The same error with `context` and ": " in front of its message.
  Error with_context(std::string_view context) const;

 private:
  ErrorKind kind_;
  Retry retry_;
  std::string message_;
};

// The one mapping from errno: `what` says what was being done to which object.
Error error_from_errno(int error_number, std::string_view what);

}  // namespace bulkhead
