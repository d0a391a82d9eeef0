// An estate's private certificate authority and the certificates it gives to its servers: ECDSA on
// P-256 with SHA-256, X.509 v3 (RFC 5280). Keys come out as PEM (PKCS #8); the caller keeps them in
// files of mode 0600.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace bulkhead::crypto {

struct CertifiedKey {
  std::string certificate;  // PEM
  std::string key;          // PEM
};

struct AuthorityOptions {
  std::string common_name;  // "IMO estate authority"
  std::chrono::days validity{3650};
};

struct ServerCertificateOptions {
  // DNS names ("website.localhost", "*.imo.example") and IP addresses ("127.0.0.1", "::1"), at
  // least one. They stand in subjectAltName; the first is the common name, too. A wildcard directly
  // under a top-level label ("*.localhost") is in no client's eyes a match: list those names one by
  // one.
  std::vector<std::string> names;
  std::chrono::days validity{398};  // what browsers accept at most
};

// Validity begins a day before now, for peers whose clock is behind.
Result<CertifiedKey> make_authority(const AuthorityOptions& options, const Clock& clock);
Result<CertifiedKey> make_server_certificate(const CertifiedKey& authority,
                                             const ServerCertificateOptions& options,
                                             const Clock& clock);

struct ClientCertificateOptions {
  std::string common_name;  // who shows it
  std::chrono::days validity{398};
};

Result<CertifiedKey> make_client_certificate(const CertifiedKey& authority,
                                             const ClientCertificateOptions& options,
                                             const Clock& clock);

// SHA-256 of the DER form, in hexadecimal digits, of the first certificate in the text.
Result<std::string> certificate_fingerprint(std::string_view pem);

struct CertificateInfo {
  std::string subject;             // common name
  std::vector<std::string> names;  // of subjectAltName, DNS names first
  WallTime not_before;
  WallTime not_after;
  bool is_authority = false;
};
// Of the first certificate in the text (kind invalid where there is none).
Result<CertificateInfo> read_certificate(std::string_view pem);

}  // namespace bulkhead::crypto
