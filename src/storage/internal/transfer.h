// HTTP exchanges with a store of files, by libcurl: what the REST and the S3 backend share. Keeps
// connections open and uses each again. Follows no redirect. May be called from several threads.
//
// An answer of any status is a value; errors are those of the network (kind unavailable, and
// trying again may help) and of trust (kind denied: the peer is not whom the certificate authority
// vouches for).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "crypto/secret.h"
#include "storage/backend.h"

namespace bulkhead::storage {

enum class Verb { get, head, post, put, del };

struct Exchange {
  Verb verb = Verb::get;
  std::string url;
  ByteView content = {};                  // of a post or put
  std::string range = {};                 // "0-99"
  std::vector<std::string> headers = {};  // "Name: value"
};

struct Answer {
  int status = 0;
  Bytes body;
  std::uint64_t length = 0;                                 // as announced
  std::map<std::string, std::string, std::less<>> headers;  // names in lower case
};

struct TransferOptions {
  std::string user;  // of HTTP's basic authentication; empty: none
  crypto::Secret password;
  std::string ca_certificate_file;      // PEM; empty: the system's authorities
  std::string client_certificate_file;  // PEM with certificate and key; empty: none
  bool any_certificate = false;         // of the peer
  std::uint64_t upload_limit = 0;       // bytes a second; 0: none
  std::uint64_t download_limit = 0;
};
// All but user and password.
TransferOptions transfer_options(const OpenOptions& options);

class Transfer {
 public:
  explicit Transfer(TransferOptions options);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  Result<Answer> perform(const Exchange& exchange);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

// A location's URL, with the credential taken out of it: no message may repeat that.
struct Address {
  std::string url;
  std::string scheme;     // "http" or "https"
  std::string authority;  // "host:port", without the scheme's own port
  std::string path;       // begins with '/', percent-encoded as given
  std::string user;
  std::string password;
};
// `kind` is what the location begins with, for the message: "rest".
Result<Address> parse_address(std::string_view text, std::string_view kind);

}  // namespace bulkhead::storage
