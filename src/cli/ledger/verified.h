// A whole ledger checked: every event against its signature, and the ledger against what its
// witness has seen of it. Of an estate, its vault is asked; where that does not answer, what it
// cosigned last and London kept is compared.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/ledger/source.h"
#include "ledger/event.h"
#include "ledger/verify/log_folder.h"

namespace bulkhead::cli::ledger {

struct Witnessed {
  std::string by;
  std::uint64_t size = 0;
  std::uint64_t time = 0;  // seconds since 1970
  bool was_asked = false;  // or is it what was kept
};

struct VerifiedLedger {
  bulkhead::ledger::verify::FolderReport report;
  std::optional<Witnessed> witnessed;
  std::string witness_problem;  // why it was not asked, or has cosigned nothing; empty: none
};

enum class AskWitness { yes, no };

struct VerifyOptions {
  std::vector<bulkhead::ledger::verify::VerifierKey> witnesses;  // of an estate: its vault's key
  std::vector<std::string> remembered;                           // files
  AskWitness ask = AskWitness::yes;
  std::function<void(const bulkhead::ledger::Event&)> on_event;  // may be empty
};

// An error where the ledger cannot be read, or where a checkpoint that came another way is not
// signed as it has to be.
Result<VerifiedLedger> verify_source(const Source& source, const VerifyOptions& options);

// "2026-11-22T06:15:00Z", or in words what is no time of ours.
std::string time_text(std::uint64_t seconds);

}  // namespace bulkhead::cli::ledger
