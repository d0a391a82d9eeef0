#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "cli/ledger/verbs.h"
#include "ledger/event.h"

namespace bulkhead::cli::ledger {
namespace {

std::string first_words_of(const bulkhead::ledger::Event& event) {
  if (const json::Value* message = event.details.find("message"); message && message->string()) {
    return *message->string();
  }
  return event.details.empty() ? "" : json::write(event.details);
}

}  // namespace

Result<int> show(const ShowVerb& verb) {
  const Source source = TRY(Source::open(verb));
  const Source::Signed head = TRY(source.checkpoint());
  ProvenEntries entries(source.folder(), head.checkpoint);
  const std::uint64_t size = head.checkpoint.size;
  const std::uint64_t begin =
      std::min(size, verb.from != UINT64_MAX ? verb.from : size - std::min(size, verb.count));
  const std::uint64_t end = begin + std::min(verb.count, size - begin);
  for (std::uint64_t i = begin; i < end; ++i) {
    const ProvenEntries::Proven proven = TRY(entries.at(i));
    if (verb.json) {
      fmt::print("{}\n", as_text(proven.entry));
      continue;
    }
    const auto event = bulkhead::ledger::parse_event(proven.entry);
    if (!event) {
      fmt::print("{:>8}  {} bytes that are no event\n", i, proven.entry.size());
      continue;
    }
    fmt::print("{:>8}  {}  {:<20} {:<24} {:<14} {}\n", i, to_rfc3339_milliseconds(event->time),
               event->actor, event->action, event->object, first_words_of(*event));
  }
  return kExitSuccess;
}

}  // namespace bulkhead::cli::ledger
