// Signature version 4 of AWS for S3 ("Authenticating Requests (AWS Signature Version 4)" in the
// S3 API reference). Pure functions: the time is passed in.
//
// We sign ourselves: libcurl 7.88 neither sorts the query nor names the payload's hash, which
// Ceph's radosgw and AWS both ask for.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "crypto/secret.h"

namespace bulkhead::storage {

struct AwsCredential {
  std::string key_id;
  crypto::Secret secret;
  std::string session_token;  // empty: none
  std::string region;         // "us-east-1"
};

struct AwsRequest {
  std::string method;
  std::string host;                            // as the Host header names it
  std::string path;                            // "/bucket/key", not percent-encoded
  std::map<std::string, std::string> query;    // not percent-encoded
  std::map<std::string, std::string> headers;  // more that are signed; names in lower case
  std::string payload_sha256;                  // 64 hexadecimal digits
};

// Every byte but A-Z a-z 0-9 - . _ ~ as %XX, upper case; '/' too, unless it is kept.
enum class Slash { keep, encode };
std::string aws_encode(std::string_view text, Slash slash);
// "a=1&versioning=": sorted, and with '=' even where the value is empty.
std::string aws_query(const std::map<std::string, std::string>& query);

// Adds host, x-amz-date, x-amz-content-sha256 (and the session's token) to `request.headers`, and
// answers the value of the Authorization header.
std::string sign(AwsRequest& request, const AwsCredential& credential, WallTime now);

}  // namespace bulkhead::storage
