#include "service/internal/form_guard.h"

#include <sodium.h>

#include "base/check.h"

namespace bulkhead::service::internal {
namespace {

constexpr std::size_t kCookieBytes = 16;
constexpr std::size_t kKeySize = crypto_auth_hmacsha256_KEYBYTES;

}  // namespace

std::string FormGuard::new_cookie(Random& random) { return to_hex(random.bytes(kCookieBytes)); }

std::string FormGuard::cookie_of(const http::Request& request) {
  const auto cookie = request.cookie(kFormCookie);
  if (!cookie || cookie->size() != 2 * kCookieBytes || !from_hex(*cookie)) return "";
  return std::string(*cookie);
}

std::string FormGuard::token_for(std::string_view cookie) const {
  CHECK(key_.size() == kKeySize);
  Bytes token(crypto_auth_hmacsha256_BYTES);
  const ByteView message = as_bytes(cookie);
  crypto_auth_hmacsha256(token.data(), message.data(), message.size(), key_.data());
  return to_base64url(token);
}

Result<void> FormGuard::check(const http::Request& request, const http::Parameters& form) const {
  const std::string_view site = request.headers.find("Sec-Fetch-Site").value_or("same-origin");
  if (site != "same-origin" && site != "none") {
    return fail(ErrorKind::denied, "the form was sent from another site");
  }
  const std::string cookie = cookie_of(request);
  const std::string token = form.get(kFormField);
  if (cookie.empty() || !equal_constant_time(as_bytes(token), as_bytes(token_for(cookie)))) {
    return fail(ErrorKind::denied,
                "the form has expired: go back, reload the page, and send it again");
  }
  return {};
}

Result<Bytes> load_or_create_form_key(const Path& data, Random& random) {
  const Path file = data / ".form-key";
  auto key = read_file(file, kKeySize);
  if (key && key->size() == kKeySize) return key;
  if (!key && key.error().kind() != ErrorKind::not_found) return key;
  // A key of another length is of no use to anyone; open forms expire with it.
  Bytes fresh = random.bytes(kKeySize);
  TRY_CONTEXT(write_file_atomic(file, fresh, 0600), "making the key for forms");
  return fresh;
}

}  // namespace bulkhead::service::internal
