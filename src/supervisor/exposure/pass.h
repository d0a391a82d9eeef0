// Passes: how members and operators get past the gateway while there are no accounts. A pass is a
// JWT (RFC 7519, ES256) with role, audience and expiry; the gateway checks it with the public key
// and never shows it to a service. Whoever can read secrets/pass.key can issue one.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"
#include "crypto/signing_key.h"

namespace bulkhead::supervisor {

// A stolen pass must not last: eight hours is a working day.
inline constexpr std::chrono::minutes kPassLifeMax{8 * 60};

struct PassRequest {
  std::string_view estate;  // its name
  std::string_view role;    // "member" or "operator"
  std::chrono::minutes life{60};
};

// Kind invalid for another role or a life that is not from 1 minute to kPassLifeMax.
Result<std::string> issue_pass(const crypto::SigningKey& key, const PassRequest& request,
                               const Clock& clock, Random& random);

}  // namespace bulkhead::supervisor
