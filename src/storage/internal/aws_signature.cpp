#include "storage/internal/aws_signature.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "crypto/sha256.h"

namespace bulkhead::storage {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

crypto::Sha256Digest signing_key(const AwsCredential& credential, std::string_view date) {
  std::string first("AWS4");
  first += credential.secret.text();
  crypto::Sha256Digest key = crypto::hmac_sha256(as_bytes(first), as_bytes(date));
  crypto::wipe({reinterpret_cast<std::uint8_t*>(first.data()), first.size()});
  for (const std::string_view part : {std::string_view(credential.region), std::string_view("s3"),
                                      std::string_view("aws4_request")}) {
    key = crypto::hmac_sha256(key, as_bytes(part));
  }
  return key;
}

}  // namespace

std::string aws_encode(std::string_view text, Slash slash) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || (c == '/' && slash == Slash::keep)) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

std::string aws_query(const std::map<std::string, std::string>& query) {
  std::string out;
  for (const auto& [name, value] : query) {
    if (!out.empty()) out += '&';
    out += aws_encode(name, Slash::encode) + "=" + aws_encode(value, Slash::encode);
  }
  return out;
}

std::string sign(AwsRequest& request, const AwsCredential& credential, WallTime now) {
  const std::time_t seconds =
      std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const std::string time = fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(seconds));
  const std::string date = time.substr(0, 8);
  request.headers["host"] = request.host;
  request.headers["x-amz-date"] = time;
  request.headers["x-amz-content-sha256"] = request.payload_sha256;
  if (!credential.session_token.empty()) {
    request.headers["x-amz-security-token"] = credential.session_token;
  }
  std::string lines;
  std::string names;
  for (const auto& [name, value] : request.headers) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, aws_encode(request.path, Slash::keep),
                  aws_query(request.query), lines, names, request.payload_sha256);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", date, credential.region);
  const std::string to_sign = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope,
                                          to_hex(crypto::sha256(as_bytes(canonical))));
  crypto::Sha256Digest key = signing_key(credential, date);
  const std::string signature = to_hex(crypto::hmac_sha256(key, as_bytes(to_sign)));
  crypto::wipe(key);
  return fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                     credential.key_id, scope, names, signature);
}

}  // namespace bulkhead::storage
