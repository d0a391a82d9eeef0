#include <fmt/format.h>

#include "cli/ledger/verbs.h"
#include "cli/ledger/verified.h"
#include "ledger/verify/inclusion_file.h"

namespace bulkhead::cli::ledger {
namespace verify = bulkhead::ledger::verify;
namespace {

constexpr std::size_t kProofSizeMax = 1 << 20;

json::Value witness_value(const VerifiedLedger& verified) {
  if (!verified.witnessed && verified.witness_problem.empty()) return {};
  json::Object out;
  if (const auto& witnessed = verified.witnessed) {
    out.set("by", witnessed->by);
    out.set("size", witnessed->size);
    out.set("time", time_text(witnessed->time));
    out.set("asked", witnessed->was_asked);
  }
  if (!verified.witness_problem.empty()) out.set("problem", verified.witness_problem);
  return out;
}

json::Object to_json(const VerifiedLedger& verified) {
  const verify::FolderReport& report = verified.report;
  json::Array cosigned;
  for (const auto& each : report.cosigned) {
    cosigned.push_back(json::Object{{"by", each.by}, {"time", time_text(each.time)}});
  }
  json::Object out{{"good", !report.bad},
                   {"origin", report.checkpoint.origin},
                   {"size", report.checkpoint.size},
                   {"root", to_base64(report.checkpoint.root)},
                   {"cosigned", std::move(cosigned)},
                   {"witness", witness_value(verified)}};
  if (report.bad) {
    json::Object bad{{"file", report.bad->file}, {"what", report.bad->what}};
    if (report.bad->entry) bad.set("entry", *report.bad->entry);
    out.set("first_bad", std::move(bad));
  }
  return out;
}

void print_witness(const VerifiedLedger& verified) {
  if (const auto& witnessed = verified.witnessed) {
    fmt::print("witnessed by {} at {}: {} events, {}\n", witnessed->by, time_text(witnessed->time),
               witnessed->size, witnessed->was_asked ? "as the vault says now" : "as is kept here");
  }
  if (!verified.witness_problem.empty()) {
    fmt::print("the vault was not heard: {}\n", verified.witness_problem);
  }
}

void print(const VerifiedLedger& verified) {
  const verify::FolderReport& report = verified.report;
  if (report.bad) {
    fmt::print("NOT as it was signed. The first bad place:\n{}\n", report.bad->describe());
    print_witness(verified);
    return;
  }
  fmt::print("{}: {} events, all as they were signed\nroot {}\n", report.checkpoint.origin,
             report.checkpoint.size, to_base64(report.checkpoint.root));
  for (const auto& each : report.cosigned) {
    fmt::print("cosigned by {} at {}\n", each.by, time_text(each.time));
  }
  print_witness(verified);
}

Result<int> verify_proof(const VerifyVerb& verb, const Source& source) {
  const std::string text = TRY(read_text_file(verb.proof, kProofSizeMax));
  const verify::InclusionFile file = TRY_CONTEXT(verify::parse_inclusion_file(text), verb.proof);
  const verify::Checkpoint checkpoint =
      TRY_CONTEXT(verify::verify_inclusion_file(file, source.key()), verb.proof);
  fmt::print("Event {} of {} events in {}:\n{}\n", file.index, checkpoint.size, checkpoint.origin,
             as_text(file.entry));
  return kExitSuccess;
}

}  // namespace

Result<int> verify_ledger(const VerifyVerb& verb) {
  const Source source = TRY(Source::open(verb));
  if (!verb.proof.empty()) return verify_proof(verb, source);
  VerifyOptions options;
  for (const std::string& witness : verb.witnesses) {
    std::string text;
    options.witnesses.push_back(TRY(read_key(witness, text)));
  }
  options.remembered = verb.remembered;
  options.ask = verb.offline ? AskWitness::no : AskWitness::yes;
  const VerifiedLedger verified = TRY(verify_source(source, options));
  if (verb.json) {
    fmt::print("{}\n", json::write(to_json(verified), json::Layout::indented));
  } else {
    print(verified);
  }
  return verified.report.bad ? kExitFailure : kExitSuccess;
}

}  // namespace bulkhead::cli::ledger
