// What the S3 backend and the locked store share: a bucket's place, signed requests, errors, and
// the headers and lists of objects under a lock. May be called from several threads. Errors: kinds
// as the statuses mean them; unavailable where trying again may help.
#pragma once

#include <map>
#include <optional>
#include <string>

#include <pugixml.hpp>

#include "base/clock.h"
#include "storage/backend.h"
#include "storage/internal/aws_signature.h"
#include "storage/internal/transfer.h"

namespace bulkhead::storage {

// The bucket and what a repository's names begin with in it.
struct S3Place {
  std::string url;     // "https://host:port"
  std::string host;    // "host:port"
  std::string bucket;  // "/bucket"
  std::string prefix;  // "" or "a/b/"
};

struct S3Request {
  Verb verb = Verb::get;
  std::string path;  // of the object or the bucket, not percent-encoded
  std::map<std::string, std::string> query = {};
  std::map<std::string, std::string> headers = {};
  ByteView content = {};
  std::string range = {};
};

class S3Connection {
 public:
  // `url` is what follows "s3:": "https://host:port/bucket/prefix", or "host/bucket/prefix".
  static Result<std::unique_ptr<S3Connection>> open(std::string_view url,
                                                    const OpenOptions& options);

  // "s3:https://host:port/bucket/prefix/"
  std::string location() const;
  const S3Place& place() const { return place_; }
  // "/bucket/prefix/data/3f/3f2a…"
  std::string path_of(const FileId& id) const;
  std::string url_of(const std::string& path) const { return place_.url + path; }

  // An answer of any status.
  Result<Answer> perform(S3Request request);
  // Kind by the status, with what the store says.
  static Error error_of(const Answer& answer, const std::string& what);

 private:
  S3Connection(S3Place place, AwsCredential credential, TransferOptions transfer)
      : place_(std::move(place)),
        credential_(std::move(credential)),
        transfer_(std::move(transfer)) {}

  const S3Place place_;
  const AwsCredential credential_;
  Transfer transfer_;
};

// One page of a list, whose root element is `root`; kind corrupt where it is none.
Result<void> parse_s3_list(const Answer& answer, const char* root, const std::string& what,
                           pugi::xml_document& document);
// A list of ten million packs has 10,000 pages; a store that never ends its list is at fault.
inline constexpr int kS3ListPagesMax = 100'000;

}  // namespace bulkhead::storage
