// A witness of logs (https://c2sp.org/tlog-witness): keeps the newest checkpoint that it cosigned
// of each log that it was told of, and cosigns only what that one grew into. It is what makes a
// fork or a roll-back show: the log's owner cannot make it forget.
//
// Knows nothing of HTTP: an Answer's status is the number that the protocol gives to each outcome.
// Thread-safe; two requests for one log are taken one after the other. State: one file a log,
// FOLDER/<SHA-256 of the origin>/checkpoint, on disk before a cosignature is given out.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "ledger/add_checkpoint.h"
#include "ledger/note_signer.h"
#include "ledger/verify/checkpoint.h"

namespace bulkhead::ledger {

struct WitnessedLog {
  std::string origin;
  std::vector<verify::VerifierKey> keys;  // of type ed25519
};

// Between a checkpoint that the log's key signed and what the witness knows.
enum class Disagreement { none, forked, rolled_back };

struct WitnessAnswer {
  int status = 200;  // 200, 400, 403, 404, 409, 422, or 500 where the disk failed
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;  // 200: signature lines; 409: the size that the witness knows
  // Where the checkpoint was signed by a log that is known:
  std::string origin;
  std::uint64_t known_size = 0;
  std::uint64_t shown_size = 0;
  Disagreement disagreement = Disagreement::none;
};

class Witness {
 public:
  // Kind corrupt where what is kept of a log is not what this witness cosigned: it does not begin
  // anew with a log that it knew.
  static Result<std::unique_ptr<Witness>> open(Path folder, NoteSigner signer,
                                               std::vector<WitnessedLog> logs, const Clock& clock);

  WitnessAnswer add_checkpoint(std::string_view body);
  // The newest checkpoint with the log's signature and the cosignature; kind not_found where there
  // is none. `origin_hash`: SHA-256 of the origin in hex.
  Result<std::string> checkpoint(std::string_view origin_hash) const;
  std::string verifier_key() const { return signer_.verifier_key(); }

 private:
  struct Log {
    WitnessedLog known;
    verify::Checkpoint latest;  // of size 0 and with the empty root where there is none
    std::string note;           // empty: none
  };
  Witness(Path folder, NoteSigner signer, const Clock& clock);
  Result<void> take_up(WitnessedLog log);
  WitnessAnswer grow(Log& log, const verify::Checkpoint& checkpoint, const verify::Note& note,
                     const AddCheckpoint& request);
  Path file_of(const std::string& origin_hash) const {
    return folder_ / origin_hash / "checkpoint";
  }

  const Path folder_;
  const NoteSigner signer_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Log, std::less<>> logs_;  // by the hash of the origin
};

// What FOLDER's subfolders and the monitoring interface call a log.
std::string origin_hash(std::string_view origin);

}  // namespace bulkhead::ledger
