// The four examples of the S3 API reference, "Authenticating Requests: Using the Authorization
// Header", with the credential and the time that it gives.
#include "storage/internal/aws_signature.h"

#include <gtest/gtest.h>

#include "crypto/sha256.h"

namespace bulkhead::storage {
namespace {

const AwsCredential& example() {
  static const AwsCredential credential{
      "AKIAIOSFODNN7EXAMPLE", crypto::Secret::copy_of("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
      "", "us-east-1"};
  return credential;
}

std::string signature_of(AwsRequest request, std::string_view payload = "") {
  request.host = "examplebucket.s3.amazonaws.com";
  request.payload_sha256 = to_hex(crypto::sha256(as_bytes(payload)));
  const std::string value = sign(request, example(), from_rfc3339("2013-05-24T00:00:00Z").value());
  return value.substr(value.find("Signature=") + 10);
}

TEST(AwsSignature, AgreesWithTheExampleOfGetObject) {
  EXPECT_EQ(signature_of({.method = "GET",
                          .host = {},
                          .path = "/test.txt",
                          .query = {},
                          .headers = {{"range", "bytes=0-9"}},
                          .payload_sha256 = {}}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AwsSignature, AgreesWithTheExampleOfPutObject) {
  EXPECT_EQ(signature_of({.method = "PUT",
                          .host = {},
                          .path = "/test$file.text",
                          .query = {},
                          .headers = {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                                      {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                          .payload_sha256 = {}},
                         "Welcome to Amazon S3."),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(AwsSignature, AgreesWithTheExampleOfAQueryWithoutValue) {
  EXPECT_EQ(signature_of({.method = "GET",
                          .host = {},
                          .path = "/",
                          .query = {{"lifecycle", ""}},
                          .headers = {},
                          .payload_sha256 = {}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(AwsSignature, AgreesWithTheExampleOfAList) {
  EXPECT_EQ(signature_of({.method = "GET",
                          .host = {},
                          .path = "/",
                          .query = {{"prefix", "J"}, {"max-keys", "2"}},
                          .headers = {},
                          .payload_sha256 = {}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(AwsSignature, EncodesWhatAPathOrQueryMustNotHold) {
  EXPECT_EQ(aws_encode("a b/ü@:+*!~", Slash::keep), "a%20b/%C3%BC%40%3A%2B%2A%21~");
  EXPECT_EQ(aws_encode("a/b", Slash::encode), "a%2Fb");
  EXPECT_EQ(aws_query({{"versioning", ""}, {"a", "1=2"}}), "a=1%3D2&versioning=");
}

}  // namespace
}  // namespace bulkhead::storage
