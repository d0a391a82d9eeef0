// Where the passwords of repositories come from: a file, a command's output, a variable, or a
// terminal. They never stand in an argument.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/secret.h"

namespace bulkhead::cli::repo {

struct PasswordSource {
  std::string file;
  std::string command;  // split into words as a shell would; no shell runs it
  const char* variable = nullptr;
  bool none = false;             // the password is empty, and that is meant
  std::string_view prefix = "";  // of the flags: "from-", for messages
};

// Asks for `purpose` on the terminal where no source says anything.
Result<crypto::Secret> read_password(const PasswordSource& source, std::string_view purpose);
// As above, and asks twice on a terminal.
Result<crypto::Secret> read_new_password(const PasswordSource& source);

// Words between white space; '…', "…" and \ keep what they enclose. Kind invalid where a quotation
// is not closed.
Result<std::vector<std::string>> split_words(std::string_view text);

// The process's own environment, without what holds secrets of ours.
std::vector<std::string> environment_for_children();

}  // namespace bulkhead::cli::repo
