#include "crypto/certificate.h"

#include <algorithm>
#include <array>
#include <memory>

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto/internal/openssl.h"

namespace bulkhead::crypto {
namespace {

constexpr std::chrono::days kBackdating{1};
constexpr int kSerialBits = 127;  // positive, and unguessable (RFC 5280, 4.1.2.2)
constexpr std::size_t kNameSizeMax = 253;
constexpr std::size_t kCommonNameSizeMax = 64;  // ub-common-name

using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;
using AlternativeNames = std::unique_ptr<GENERAL_NAMES, Freed<GENERAL_NAMES_free>>;
using Number = std::unique_ptr<BIGNUM, Freed<BN_free>>;

Result<Certificate> parse_certificate(std::string_view pem) {
  const Memory memory = reading(pem);
  Certificate certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
  if (!certificate) return openssl_failure("reading a certificate", ErrorKind::invalid);
  return certificate;
}

Result<void> add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_failure("adding to a certificate", ErrorKind::internal);
  }
  return {};
}

Result<void> set_serial(X509* certificate) {
  const Number number(BN_new());
  if (!number || BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl_failure("making a serial number", ErrorKind::internal);
  }
  return {};
}

struct Body {
  std::string common_name;
  std::chrono::days validity;
};

// Everything but the extensions and the signature; the issuer's name is the subject's own where
// there is no issuer.
Result<Certificate> begin_certificate(const Body& body, EVP_PKEY* key, X509* issuer,
                                      const Clock& clock) {
  Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1) {
    return openssl_failure("making a certificate", ErrorKind::internal);
  }
  TRY(set_serial(certificate.get()));
  const auto now = std::chrono::floor<std::chrono::seconds>(clock.now());
  const auto at = [](auto time) {
    return static_cast<std::time_t>(time.time_since_epoch().count());
  };
  const auto begin = at(now - kBackdating);
  const auto end = at(now + body.validity);
  X509_NAME* name = X509_get_subject_name(certificate.get());
  const std::string common_name = body.common_name.substr(0, kCommonNameSizeMax);
  const bool done =
      ASN1_TIME_set(X509_getm_notBefore(certificate.get()), begin) != nullptr &&
      ASN1_TIME_set(X509_getm_notAfter(certificate.get()), end) != nullptr &&
      X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>(common_name.data()),
                                 static_cast<int>(common_name.size()), -1, 0) == 1 &&
      X509_set_issuer_name(certificate.get(),
                           issuer != nullptr ? X509_get_subject_name(issuer) : name) == 1 &&
      X509_set_pubkey(certificate.get(), key) == 1;
  if (!done) return openssl_failure("making a certificate", ErrorKind::internal);
  return certificate;
}

Result<std::string> sign(const Certificate& certificate, EVP_PKEY* key) {
  const Memory memory(BIO_new(BIO_s_mem()));
  if (!memory || X509_sign(certificate.get(), key, EVP_sha256()) == 0 ||
      PEM_write_bio_X509(memory.get(), certificate.get()) != 1) {
    return openssl_failure("signing a certificate", ErrorKind::internal);
  }
  return content_of(memory);
}

bool is_address(const std::string& name) {
  unsigned char binary[16];
  return ::inet_pton(AF_INET, name.c_str(), binary) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), binary) == 1;
}

// What it may hold besides would be syntax in OpenSSL's text form of the extension.
bool is_dns_name(const std::string& name) {
  return !name.empty() && name.size() <= kNameSizeMax &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.' || c == '*' || c == '_';
         });
}

Result<std::string> alternative_names(const std::vector<std::string>& names) {
  if (names.empty()) return fail(ErrorKind::invalid, "a server certificate needs a name");
  std::string out;
  for (const std::string& name : names) {
    if (!out.empty()) out += ',';
    if (is_address(name)) {
      out += "IP:" + name;
    } else if (is_dns_name(name)) {
      out += "DNS:" + name;
    } else {
      return fail(ErrorKind::invalid, "\"" + name + "\" is neither a DNS name nor an address");
    }
  }
  return out;
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

std::vector<std::string> read_names(const X509* certificate) {
  const AlternativeNames all(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  std::vector<std::string> names, addresses;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) names.push_back(text_of(name->d.dNSName));
    if (name->type != GEN_IPADD) continue;
    const std::string binary = text_of(name->d.iPAddress);
    char text[INET6_ADDRSTRLEN] = "";
    ::inet_ntop(binary.size() == 4 ? AF_INET : AF_INET6, binary.data(), text, sizeof text);
    addresses.emplace_back(text);
  }
  names.insert(names.end(), addresses.begin(), addresses.end());
  return names;
}

WallTime wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  ASN1_TIME_to_tm(time, &parts);
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

}  // namespace

Result<CertifiedKey> make_authority(const AuthorityOptions& options, const Clock& clock) {
  const Key key = TRY(make_p256_key());
  const Certificate certificate =
      TRY(begin_certificate({options.common_name, options.validity}, key.get(), nullptr, clock));
  X509* const own = certificate.get();
  TRY(add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"));
  TRY(add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign"));
  TRY(add_extension(own, own, NID_subject_key_identifier, "hash"));
  CertifiedKey result;
  result.certificate = TRY(sign(certificate, key.get()));
  result.key = TRY(write_private_key(key.get()));
  return result;
}

namespace {

struct LeafOptions {
  Body body;
  const char* use;               // the extended key usage
  std::string alternative_name;  // empty: none
};

Result<CertifiedKey> make_leaf(const CertifiedKey& authority, const LeafOptions& options,
                               const Clock& clock) {
  const Certificate issuer = TRY_CONTEXT(parse_certificate(authority.certificate), "authority");
  const Memory key_text = reading(authority.key);
  const Key issuer_key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, nullptr, nullptr));
  if (!issuer_key) return openssl_failure("reading the authority's key", ErrorKind::invalid);
  if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
    return openssl_failure("the authority's key is another certificate's", ErrorKind::invalid);
  }
  const Key key = TRY(make_p256_key());
  const Certificate certificate =
      TRY(begin_certificate(options.body, key.get(), issuer.get(), clock));
  X509* const own = certificate.get();
  TRY(add_extension(own, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  TRY(add_extension(own, issuer.get(), NID_key_usage, "critical,digitalSignature"));
  TRY(add_extension(own, issuer.get(), NID_ext_key_usage, options.use));
  TRY(add_extension(own, issuer.get(), NID_subject_key_identifier, "hash"));
  TRY(add_extension(own, issuer.get(), NID_authority_key_identifier, "keyid"));
  if (!options.alternative_name.empty()) {
    TRY(add_extension(own, issuer.get(), NID_subject_alt_name, options.alternative_name));
  }
  CertifiedKey result;
  result.certificate = TRY(sign(certificate, issuer_key.get()));
  result.key = TRY(write_private_key(key.get()));
  return result;
}

}  // namespace

Result<CertifiedKey> make_server_certificate(const CertifiedKey& authority,
                                             const ServerCertificateOptions& options,
                                             const Clock& clock) {
  const std::string names = TRY(alternative_names(options.names));
  return make_leaf(authority, {{options.names.front(), options.validity}, "serverAuth", names},
                   clock);
}

Result<CertifiedKey> make_client_certificate(const CertifiedKey& authority,
                                             const ClientCertificateOptions& options,
                                             const Clock& clock) {
  if (options.common_name.empty()) {
    return fail(ErrorKind::invalid, "a client's certificate needs a name");
  }
  return make_leaf(authority, {{options.common_name, options.validity}, "clientAuth", ""}, clock);
}

Result<std::string> certificate_fingerprint(std::string_view pem) {
  const Certificate certificate = TRY(parse_certificate(pem));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return openssl_failure("hashing a certificate", ErrorKind::internal);
  }
  return to_hex(ByteView(digest).first(size));
}

Result<CertificateInfo> read_certificate(std::string_view pem) {
  const Certificate certificate = TRY(parse_certificate(pem));
  CertificateInfo info;
  const X509_NAME* subject = X509_get_subject_name(certificate.get());
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at >= 0) {
    info.subject = text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
  }
  info.names = read_names(certificate.get());
  info.not_before = wall_time(X509_get0_notBefore(certificate.get()));
  info.not_after = wall_time(X509_get0_notAfter(certificate.get()));
  info.is_authority = X509_check_ca(certificate.get()) == 1;
  return info;
}

}  // namespace bulkhead::crypto
