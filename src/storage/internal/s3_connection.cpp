#include "storage/internal/s3_connection.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/sha256.h"
#include "storage/file_names.h"

namespace bulkhead::storage {
namespace {

constexpr std::string_view kDefaultRegion = "us-east-1";

std::string_view name_of(Verb verb) {
  switch (verb) {
    case Verb::get: return "GET";
    case Verb::head: return "HEAD";
    case Verb::post: return "POST";
    case Verb::put: return "PUT";
    case Verb::del: return "DELETE";
  }
  return "";
}

Result<S3Place> parse_place(std::string_view text) {
  const bool has_scheme = text.starts_with("http://") || text.starts_with("https://");
  const Address address =
      TRY(parse_address((has_scheme ? "" : "https://") + std::string(text), "s3"));
  if (!address.user.empty()) {
    return fail(ErrorKind::invalid,
                "an S3 location holds no credential: set AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY");
  }
  const std::string_view path = std::string_view(address.path).substr(1);
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view bucket = path.substr(0, slash);
  if (bucket.empty() || address.path.find('%') != std::string::npos) {
    return fail(ErrorKind::invalid,
                "what follows \"s3:\" names a host, a bucket, and a prefix in plain letters: "
                "https://s3.example/bucket/prefix");
  }
  S3Place place{address.scheme + "://" + address.authority, address.authority,
                "/" + std::string(bucket),
                std::string(path.substr(std::min(slash + 1, path.size())))};
  while (place.prefix.ends_with('/')) place.prefix.pop_back();
  if (!place.prefix.empty()) place.prefix += '/';
  return place;
}

}  // namespace

Result<std::unique_ptr<S3Connection>> S3Connection::open(std::string_view url,
                                                         const OpenOptions& options) {
  S3Place place = TRY(parse_place(url));
  if (options.s3_key_id.empty() || options.s3_secret_key.empty()) {
    return fail(ErrorKind::invalid,
                "no credential for the S3 store: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  }
  AwsCredential credential{
      options.s3_key_id, crypto::Secret::copy_of(options.s3_secret_key), options.s3_session_token,
      options.s3_region.empty() ? std::string(kDefaultRegion) : options.s3_region};
  return std::unique_ptr<S3Connection>(
      new S3Connection(std::move(place), std::move(credential), transfer_options(options)));
}

std::string S3Connection::location() const {
  return "s3:" + place_.url + place_.bucket + "/" + place_.prefix;
}

std::string S3Connection::path_of(const FileId& id) const {
  const std::string head = place_.bucket + "/" + place_.prefix;
  if (id.type != FileType::data) return head + describe(id);
  return head + "data/" + id.name.substr(0, 2) + "/" + id.name;
}

Error S3Connection::error_of(const Answer& answer, const std::string& what) {
  pugi::xml_document document;
  document.load_buffer(answer.body.data(), answer.body.size());
  const pugi::xml_node node = document.child("Error");
  const std::string_view code = node.child_value("Code");
  std::string message = fmt::format("{}: the store answers {}", what, answer.status);
  if (!code.empty()) message += fmt::format(" {} {}", code, node.child_value("Message"));
  switch (answer.status) {
    case 400: return Error(ErrorKind::invalid, message);
    case 401:
    case 403:
      if (code == "RequestTimeTooSkewed") message += " (set this machine's clock)";
      return Error(ErrorKind::denied, message);
    case 404: return Error(ErrorKind::not_found, message);
    case 409: return Error(ErrorKind::conflict, message);
    case 413:
    case 507: return Error(ErrorKind::limit, message);
    case 416: return Error(ErrorKind::corrupt, message);
    default: return Error(ErrorKind::unavailable, message, Retry::may_help);
  }
}

Result<Answer> S3Connection::perform(S3Request request) {
  AwsRequest to_sign{std::string(name_of(request.verb)),
                     place_.host,
                     request.path,
                     request.query,
                     std::move(request.headers),
                     to_hex(crypto::sha256(request.content))};
  const std::string authorization = sign(to_sign, credential_, SystemClock().now());
  Exchange exchange{.verb = request.verb,
                    .url = place_.url + aws_encode(request.path, Slash::keep),
                    .content = request.content,
                    .range = std::move(request.range)};
  if (!request.query.empty()) exchange.url += "?" + aws_query(request.query);
  for (const auto& [name, value] : to_sign.headers) {
    if (name != "host") exchange.headers.push_back(name + ": " + value);
  }
  exchange.headers.push_back("Authorization: " + authorization);
  return transfer_.perform(exchange);
}

Result<void> parse_s3_list(const Answer& answer, const char* root, const std::string& what,
                           pugi::xml_document& document) {
  if (answer.status != 200) return std::unexpected(S3Connection::error_of(answer, what));
  const auto parsed = document.load_buffer(answer.body.data(), answer.body.size());
  if (parsed && document.child(root)) return {};
  return fail(ErrorKind::corrupt, what + ": the answer is no list");
}

}  // namespace bulkhead::storage
