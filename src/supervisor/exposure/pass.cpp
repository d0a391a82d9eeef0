#include "supervisor/exposure/pass.h"

#include <fmt/format.h>

#include "json/value.h"

namespace bulkhead::supervisor {

Result<std::string> issue_pass(const crypto::SigningKey& key, const PassRequest& request,
                               const Clock& clock, Random& random) {
  if (request.role != "member" && request.role != "operator") {
    return fail(
        ErrorKind::invalid,
        fmt::format("role \"{}\" is not allowed; use one of member, operator", request.role));
  }
  if (request.life < std::chrono::minutes(1) || request.life > kPassLifeMax) {
    return fail(ErrorKind::invalid, fmt::format("a pass lasts from 1 to {} minutes, not {}",
                                                kPassLifeMax.count(), request.life.count()));
  }
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock.now().time_since_epoch());
  const std::string header = json::write(json::Object{{"alg", "ES256"}, {"typ", "JWT"}});
  const std::string payload = json::write(json::Object{
      {"aud", fmt::format("bulkhead:{}", request.estate)},
      {"role", request.role},
      {"iat", static_cast<std::int64_t>(now.count())},
      {"exp", static_cast<std::int64_t>((now + std::chrono::seconds(request.life)).count())},
      {"jti", to_hex(random.bytes(8))}});
  std::string token = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(payload));
  const Bytes signature = TRY(key.sign(token));
  token += "." + to_base64url(signature);
  return token;
}

}  // namespace bulkhead::supervisor
