// The verbs of `bulkhead ledger`, one function each; register.cpp gives them their options.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/ledger/source.h"

namespace bulkhead::cli::ledger {

struct ShowVerb : SourceOptions {
  std::uint64_t count = 20;
  std::uint64_t from = UINT64_MAX;
  bool json = false;
};
Result<int> show(const ShowVerb& verb);

struct VerifyVerb : SourceOptions {
  std::vector<std::string> witnesses;  // verifier keys, or files
  std::vector<std::string> remembered;
  std::string proof;
  bool offline = false;
  bool json = false;
};
Result<int> verify_ledger(const VerifyVerb& verb);

struct ProveVerb : SourceOptions {
  std::string index;
};
Result<int> prove(const ProveVerb& verb);

struct ExportVerb : SourceOptions {
  std::string to;
};
Result<int> export_ledger(const ExportVerb& verb);

}  // namespace bulkhead::cli::ledger
