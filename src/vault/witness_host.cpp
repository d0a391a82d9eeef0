#include "vault/witness_host.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "ledger/add_checkpoint.h"

namespace bulkhead::vault {
namespace {

using ledger::Disagreement;
using ledger::NoteSigner;
using ledger::SignerKind;
using ledger::verify::VerifierKey;

constexpr std::size_t kKeySizeMax = 4096;
constexpr std::size_t kLogsMax = 1000;
constexpr std::string_view kKeySuffix = ".vkey";

Path logs_in(const Path& folder) { return folder / "logs"; }

Result<NoteSigner> read_or_make_key(const Path& folder, Random& random) {
  const Path file = folder / "witness.key";
  auto bytes = read_file(file, kKeySizeMax);
  if (bytes) {
    auto signer = NoteSigner::from_private_text(as_text(*bytes));
    crypto::wipe(*bytes);
    if (!signer) return std::unexpected(signer.error().with_context(file.native()));
    if (signer->kind() == SignerKind::witness) return signer;
    return fail(ErrorKind::invalid, fmt::format("{} is no key of a witness", file.native()));
  }
  if (bytes.error().kind() != ErrorKind::not_found) return std::unexpected(bytes.error());
  NoteSigner signer = TRY(NoteSigner::generate(
      fmt::format("bulkhead-vault/{}", to_hex(random.bytes(8))), SignerKind::witness, random));
  TRY(write_file_atomic(file, signer.private_text().view(), 0600));
  TRY(write_file_atomic(folder / "witness.vkey", as_bytes(signer.verifier_key() + "\n")));
  return signer;
}

Result<VerifierKey> key_of_ledger(std::string_view text) {
  VerifierKey key = TRY(ledger::verify::parse_verifier_key(trim(text)));
  if (key.type == ledger::verify::SignatureType::ed25519) return key;
  return fail(ErrorKind::invalid, "it is the key of a witness, not of a ledger");
}

// One ledger a file; the name in the key is its origin.
Result<std::vector<ledger::WitnessedLog>> read_logs(const Path& folder) {
  std::vector<ledger::WitnessedLog> logs;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    if (at->path().extension() != kKeySuffix) continue;
    if (logs.size() == kLogsMax) {
      return fail(ErrorKind::limit,
                  fmt::format("{}: more than {} ledgers", folder.native(), kLogsMax));
    }
    const std::string text = TRY(read_text_file(at->path(), kKeySizeMax));
    VerifierKey key = TRY_CONTEXT(key_of_ledger(text), at->path().native());
    if (std::ranges::find(logs, key.name, &ledger::WitnessedLog::origin) != logs.end()) {
      return fail(ErrorKind::conflict,
                  fmt::format("{}: the ledger {} has a key in another file there already",
                              at->path().native(), key.name));
    }
    std::string origin = key.name;
    logs.push_back({.origin = std::move(origin), .keys = {std::move(key)}});
  }
  if (error) return fail_errno(error.value(), fmt::format("listing {}", folder.native()));
  return logs;
}

http::Response unknown_method(const http::Request& request, std::string allow) {
  http::Response response =
      http::problem(405, "the witness's protocol has no such request", request);
  response.headers.set("Allow", std::move(allow));
  return response;
}

}  // namespace

Result<std::unique_ptr<WitnessHost>> WitnessHost::open(const Path& folder, const Clock& clock,
                                                       Random& random, Alarm alarm) {
  TRY(make_directories(logs_in(folder), 0700));
  NoteSigner signer = TRY(read_or_make_key(folder, random));
  std::vector<ledger::WitnessedLog> logs = TRY(read_logs(logs_in(folder)));
  TRY(make_directories(folder / "memory", 0700));
  auto witness =
      TRY(ledger::Witness::open(folder / "memory", std::move(signer), std::move(logs), clock));
  return std::unique_ptr<WitnessHost>(new WitnessHost(std::move(witness), std::move(alarm)));
}

Result<std::string> WitnessHost::enrol(const Path& folder, std::string_view ledger_key,
                                       Random& random) {
  const VerifierKey key = TRY(key_of_ledger(ledger_key));
  TRY(make_directories(logs_in(folder), 0700));
  const NoteSigner signer = TRY(read_or_make_key(folder, random));
  for (const ledger::WitnessedLog& known : TRY(read_logs(logs_in(folder)))) {
    if (known.origin != key.name) continue;
    if (known.keys.front().key == key.key) return signer.verifier_key();
    return fail(ErrorKind::conflict,
                fmt::format("the ledger {} is known here with another key: whoever lost a key "
                            "begins a ledger under another name",
                            key.name));
  }
  const Path file = logs_in(folder) / (ledger::origin_hash(key.name) + std::string(kKeySuffix));
  TRY(write_file_atomic(file, as_bytes(std::string(trim(ledger_key)) + "\n")));
  return signer.verifier_key();
}

void WitnessHost::tell(const ledger::WitnessAnswer& answer) {
  if (answer.origin.empty()) return;
  const bool is_news = told_.with([&](auto& told) {
    if (answer.status == 200) told.erase(answer.origin);
    if (answer.disagreement == Disagreement::none) return false;
    return std::exchange(told[answer.origin], answer.disagreement) != answer.disagreement;
  });
  if (!is_news) return;
  alarm_(answer.disagreement == Disagreement::forked
             ? fmt::format("the ledger {} was forked: a checkpoint of {} events, signed with its "
                           "key, did not grow from the {} that are known here",
                           answer.origin, answer.shown_size, answer.known_size)
             : fmt::format("the ledger {} was rolled back: it now has {} events, and {} are known "
                           "here",
                           answer.origin, answer.shown_size, answer.known_size));
}

http::Response WitnessHost::add_checkpoint(http::Request& request) {
  const auto body = http::read_body(*request.body, ledger::kAddCheckpointSizeMax);
  if (!body) return http::problem(body.error(), request);
  ledger::WitnessAnswer answer = witness_->add_checkpoint(as_text(*body));
  tell(answer);
  http::Response response = http::Response::text(std::move(answer.body), answer.status);
  response.headers.set("Content-Type", answer.content_type);
  return response;
}

http::Response WitnessHost::handle(http::Request& request, std::string_view what) {
  if (is_change(what)) {
    if (request.method != http::Method::post) return unknown_method(request, "POST");
    return add_checkpoint(request);
  }
  constexpr std::string_view kFile = "/checkpoint";
  if (!what.ends_with(kFile)) {
    return http::problem(Error(ErrorKind::not_found, "there is nothing here"), request);
  }
  if (request.method != http::Method::get) return unknown_method(request, "GET");
  what.remove_suffix(kFile.size());
  auto note = witness_->checkpoint(what);
  if (!note) return http::problem(note.error(), request);
  return http::Response::text(std::move(*note));
}

}  // namespace bulkhead::vault
