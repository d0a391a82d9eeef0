#include "vault/statement.h"

#include <algorithm>

#include <fmt/format.h>

#include "config/document.h"
#include "json/value.h"
#include "storage/file_names.h"
#include "vault/request_path.h"

namespace bulkhead::vault {
namespace {

constexpr std::string_view kContext = "bulkhead-vault order, version 1\n";
constexpr std::size_t kIdSizeMax = 64;
constexpr std::pair<Order, std::string_view> kOrders[] = {{Order::destroy, "destroy"},
                                                          {Order::cancel, "cancel"},
                                                          {Order::enrol_key, "enrol-key"},
                                                          {Order::accept_clock, "accept-clock"}};

std::optional<Order> order_from(std::string_view name) {
  for (const auto& [value, known] : kOrders) {
    if (known == name) return value;
  }
  return std::nullopt;
}

Bytes signed_bytes(std::string_view text) {
  Bytes bytes = to_bytes(kContext);
  bytes.insert(bytes.end(), text.begin(), text.end());
  return bytes;
}

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kIdSizeMax && is_repository_name(text) &&
         text.find('/') == std::string_view::npos;
}

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the order's {} is missing or malformed", what));
}

}  // namespace

std::string_view name_of(Order order) {
  for (const auto& [value, name] : kOrders) {
    if (value == order) return name;
  }
  return "";
}

std::string encode_statement(const Statement& statement) {
  return json::write(json::Object{{"order", name_of(statement.order)},
                                  {"vault", statement.vault},
                                  {"officer", statement.officer},
                                  {"made", to_rfc3339(statement.made)},
                                  {"request", statement.request},
                                  {"repository", statement.repository},
                                  {"key", statement.key}});
}

Result<Statement> decode_statement(std::string_view text) {
  const json::Value value = TRY(json::parse(text));
  const auto member = [&](std::string_view name) {
    const std::string* found = value[name].string();
    return found != nullptr ? *found : std::string();
  };
  Statement statement;
  const auto order = order_from(member("order"));
  if (!order) return malformed("kind");
  statement.order = *order;
  statement.vault = member("vault");
  statement.officer = member("officer");
  statement.made = TRY(from_rfc3339(member("made")));
  statement.request = member("request");
  statement.repository = member("repository");
  statement.key = member("key");
  if (!is_id(statement.vault)) return malformed("vault");
  if (!is_id(statement.officer)) return malformed("officer");
  const bool of_request = *order != Order::enrol_key;
  if (of_request && !is_id(statement.request)) return malformed("request");
  const bool of_repository = *order == Order::destroy || *order == Order::enrol_key;
  if (of_repository && !is_repository_name(statement.repository)) return malformed("repository");
  if (*order == Order::enrol_key && !storage::is_file_name(statement.key)) return malformed("key");
  return statement;
}

std::string sign_statement(const Statement& statement, const crypto::Ed25519Key& key) {
  const std::string text = encode_statement(statement);
  return json::write(
      json::Object{{"statement", text}, {"signature", to_base64(key.sign(signed_bytes(text)))}});
}

Result<Statement> open_statement(std::string_view envelope, const std::vector<Officer>& officers) {
  const json::Value value = TRY(json::parse(envelope));
  const std::string* text = value["statement"].string();
  const std::string* signature = value["signature"].string();
  if (text == nullptr || signature == nullptr) return malformed("envelope");
  const auto signature_bytes = from_base64(*signature);
  if (!signature_bytes) return malformed("signature");
  const Statement statement = TRY(decode_statement(*text));
  for (const Officer& officer : officers) {
    if (officer.name != statement.officer) continue;
    if (crypto::verify_ed25519(officer.key, signed_bytes(*text), *signature_bytes)) {
      return statement;
    }
  }
  return fail(ErrorKind::denied,
              fmt::format("this is not signed by an officer called {} that is enrolled here",
                          statement.officer));
}

Result<std::vector<Officer>> read_officers(const Path& file) {
  std::vector<Officer> officers;
  if (file.empty() || !std::filesystem::exists(file)) return officers;
  const config::Document document = TRY(config::Document::read(file));
  for (const config::Table& table : TRY(document.root().tables("officer"))) {
    Officer officer;
    officer.name = TRY(table.string("name"));
    if (!is_id(officer.name)) return std::unexpected(table.error_at("name", "is not a name"));
    const auto key = from_base64(TRY(table.string("key")));
    if (!key || key->size() != officer.key.size()) {
      return std::unexpected(table.error_at("key", "is not an Ed25519 public key in base64"));
    }
    std::copy(key->begin(), key->end(), officer.key.begin());
    officer.added = TRY(table.string("added"));
    // One who stood there twice would have two voices.
    const bool is_second = std::ranges::any_of(officers, [&](const Officer& other) {
      return other.name == officer.name || other.key == officer.key;
    });
    if (is_second) return std::unexpected(table.error_at("key", "or name is another officer's"));
    officers.push_back(std::move(officer));
  }
  TRY(document.refuse_unknown_keys());
  return officers;
}

Result<void> add_officer(const Path& file, Officer officer, const Clock& clock) {
  if (!is_id(officer.name)) {
    return fail(ErrorKind::invalid,
                fmt::format("\"{}\" is no name of an officer: letters, digits, '.', '_' and '-'",
                            officer.name));
  }
  std::vector<Officer> officers = TRY(read_officers(file));
  const bool taken = std::any_of(officers.begin(), officers.end(), [&](const Officer& other) {
    return other.name == officer.name || other.key == officer.key;
  });
  if (taken) {
    return fail(ErrorKind::conflict,
                fmt::format("{}, or the holder of this key, is an officer already", officer.name));
  }
  officer.added = to_rfc3339(clock.now());
  officers.push_back(std::move(officer));
  std::string text = "# Written by bulkhead vault enrol officer.\n";
  for (const Officer& one : officers) {
    fmt::format_to(std::back_inserter(text),
                   "\n[[officer]]\nname = \"{}\"\nkey = \"{}\"\nadded = \"{}\"\n", one.name,
                   to_base64(one.key), one.added);
  }
  return write_file_atomic(file, as_bytes(text), 0600);
}

}  // namespace bulkhead::vault
