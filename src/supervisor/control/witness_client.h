// The witness of a ledger, as its log asks it (https://c2sp.org/tlog-witness) and as anybody may:
// over HTTPS, at a vault's /.vault/witness. One thread at a time.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "crypto/secret.h"
#include "http/client.h"
#include "ledger/add_checkpoint.h"
#include "supervisor/estate/estate.h"
#include "supervisor/estate/layout.h"

namespace bulkhead::supervisor {

class WitnessClient {
 public:
  // Of the estate's vault, whether or not it is a witness.
  WitnessClient(const Estate& estate, const Layout& layout);

  struct Cosigned {
    std::string lines;
  };
  struct KnowsSize {  // and not the one that was named
    std::uint64_t size = 0;
  };
  struct Refused {  // the proof: what it knows is not the beginning of this
    std::string why;
  };
  using Answer = std::variant<Cosigned, KnowsSize, Refused>;
  // With the estate's credential for the vault. Kind unavailable for every other answer, and where
  // there is none.
  Result<Answer> add_checkpoint(const ledger::AddCheckpoint& request);
  // The newest that it cosigned of the log with this origin: a note whose signatures are still to
  // be checked. Kind not_found where it cosigned none.
  Result<std::string> checkpoint(std::string_view origin);

 private:
  const Path password_file_;
  const std::string user_;
  const std::string url_;
  http::Client client_;
};

}  // namespace bulkhead::supervisor
