#include "supervisor/control/ledger_witness.h"

#include <fmt/format.h>

#include "base/log.h"
#include "ledger/prover.h"

namespace bulkhead::supervisor {

LedgerWitness::LedgerWitness(Options options, WitnessClient client, Head head, Alarm alarm)
    : options_(std::move(options)),
      client_(std::move(client)),
      head_(std::move(head)),
      alarm_(std::move(alarm)),
      task_("ledger-witness", options_.period, [this] { ask_and_tell(); }) {
  task_.wake();
}

LedgerWitness::~LedgerWitness() { task_.wake(); }

void LedgerWitness::ask_and_tell() {
  const auto asked = ask();
  // Once for each problem, not every few seconds.
  const std::string problem = asked ? "" : asked.error().message();
  if (!problem.empty() && problem != last_problem_) {
    log::warning("the ledger is not cosigned", {{"why", problem}});
  }
  if (problem.empty() && !last_problem_.empty()) {
    log::info("the ledger is cosigned again", {{"events", std::to_string(known_size_)}});
  }
  failures_ = problem.empty() ? 0 : failures_ + 1;
  if (options_.on_problem && failures_ != 1) options_.on_problem(problem);
  last_problem_ = problem;
}

std::unexpected<Error> LedgerWitness::disagree(std::string_view kind, const std::string& message) {
  // The alarm itself makes the ledger grow, and what the witness says changes with it.
  if (told_ != kind) {
    told_ = kind;
    alarm_(kind, message);
  }
  return fail(ErrorKind::conflict, message);
}

Result<void> LedgerWitness::ask() {
  const ledger::SignedCheckpoint head = head_();
  if (cosigned_size_ == head.size) return {};
  // What the witness knows it says itself, so the second time is enough.
  for (int attempt = 0; attempt < 2; ++attempt) {
    ledger::LocalFiles files(options_.ledger);
    ledger::Prover prover(files, head.size);
    const std::vector<ledger::Hash> proof = TRY(prover.consistency(known_size_));
    const WitnessClient::Answer answer =
        TRY(client_.add_checkpoint({known_size_, proof, head.text}));
    if (const auto* cosigned = std::get_if<WitnessClient::Cosigned>(&answer)) {
      return keep(head, cosigned->lines);
    }
    if (std::holds_alternative<WitnessClient::Refused>(answer)) {
      return disagree("ledger.forked",
                      fmt::format("The vault refuses to cosign the ledger: the {} events that it "
                                  "has seen are not the beginning of the {} that are here",
                                  known_size_, head.size));
    }
    const std::uint64_t size = std::get<WitnessClient::KnowsSize>(answer).size;
    if (size > head.size) {
      return disagree("ledger.rolled_back",
                      fmt::format("The vault has seen {} events of the ledger, and here are {}: "
                                  "an older copy has taken its place",
                                  size, head.size));
    }
    known_size_ = size;
  }
  return fail(ErrorKind::conflict, "the witness changes its mind");
}

Result<void> LedgerWitness::keep(const ledger::SignedCheckpoint& head, const std::string& lines) {
  const std::string note = head.text + lines;
  const ledger::verify::Note parsed = TRY(ledger::verify::parse_note(note));
  TRY_CONTEXT(ledger::verify::verify_cosignature(parsed, options_.key), "the witness's answer");
  known_size_ = head.size;
  TRY(write_file_atomic(options_.cosigned, as_bytes(note)));
  cosigned_size_ = head.size;
  told_.clear();
  return {};
}

}  // namespace bulkhead::supervisor
