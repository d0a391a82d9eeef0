#include "ledger/add_checkpoint.h"

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::ledger {
namespace {

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("add-checkpoint: {}", what));
}

}  // namespace

Result<AddCheckpoint> parse_add_checkpoint(std::string_view body) {
  if (body.size() > kAddCheckpointSizeMax) return malformed("the body is too long");
  AddCheckpoint request;
  auto line = split_once(body, '\n');
  if (!line || !line->first.starts_with("old ")) {
    return malformed("the first line is not \"old\", a space and a size");
  }
  const auto old_size = verify::parse_decimal(line->first.substr(4));
  if (!old_size) return malformed("the old size is no decimal number");
  request.old_size = *old_size;
  for (;;) {
    line = split_once(line->second, '\n');
    if (!line) return malformed("no empty line before the checkpoint");
    if (line->first.empty()) break;
    if (request.proof.size() == kConsistencyHashesMax) {
      return malformed(fmt::format("more than {} hashes", kConsistencyHashesMax));
    }
    const auto hash = verify::parse_hash(line->first);
    if (!hash) return malformed("a line of the proof is no hash in base64");
    request.proof.push_back(*hash);
  }
  request.checkpoint = line->second;
  return request;
}

std::string write_add_checkpoint(const AddCheckpoint& request) {
  std::string out = fmt::format("old {}\n", request.old_size);
  for (const verify::Hash& hash : request.proof) out += to_base64(hash) + "\n";
  return out + "\n" + request.checkpoint;
}

}  // namespace bulkhead::ledger
