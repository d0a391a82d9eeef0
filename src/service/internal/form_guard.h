// Forms come from our own pages only: a cookie with a random id, and in the form the id's HMAC
// under a key that stays in the service's data folder (double submit). Immutable, thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/file.h"
#include "base/random.h"
#include "http/message.h"

namespace bulkhead::service::internal {

// __Host-: browsers take it only over TLS, for this very host, so that no sibling can plant one.
inline constexpr std::string_view kFormCookie = "__Host-bulkhead-form";
inline constexpr std::string_view kFormField = "form_token";

class FormGuard {
 public:
  explicit FormGuard(Bytes key) : key_(std::move(key)) {}

  static std::string new_cookie(Random& random);
  // The well-formed cookie of a request, or "".
  static std::string cookie_of(const http::Request& request);
  std::string token_for(std::string_view cookie) const;
  // Kind denied where the token does not fit, or the browser says that another site sent the form.
  Result<void> check(const http::Request& request, const http::Parameters& form) const;

 private:
  Bytes key_;
};

// Of data/.form-key, 0600; made where there is none yet.
Result<Bytes> load_or_create_form_key(const Path& data, Random& random);

}  // namespace bulkhead::service::internal
