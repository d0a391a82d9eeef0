#include <fmt/format.h>

#include "base/random.h"
#include "base/text.h"
#include "cli/vault/verbs.h"
#include "crypto/ed25519.h"
#include "http/client.h"
#include "vault/statement.h"

namespace bulkhead::cli::vault {
namespace {

namespace server = ::bulkhead::vault;

constexpr std::size_t kKeyFileSizeMax = 4096;
constexpr std::size_t kRequestIdBytes = 6;

struct OrderVerb {
  std::string vault;
  std::string authority;
  std::string client_certificate;
  std::string officer;
  std::string key_file;
  std::string request;
  std::string repository;
  std::string key;
};

void add_order_options(Command& command, OrderVerb& verb) {
  command.option("--vault", verb.vault, "Its URL: https://vault.example:8000")
      .option("--cacert", verb.authority, "PEM of the authority that the vault's certificate has")
      .option("--tls-client-cert", verb.client_certificate,
              "PEM with certificate and key, where the vault requires one")
      .option("--officer", verb.officer, "Your name, as you were enrolled")
      .option("--key", verb.key_file, "Your private key's file");
}

Result<crypto::Ed25519Key> read_key(const std::string& file) {
  const std::string text = TRY(read_text_file(file, kKeyFileSizeMax));
  const Bytes seed = TRY_CONTEXT(from_base64(trim(text)), file);
  return crypto::Ed25519Key::from_seed(seed);
}

struct Identity {
  std::string vault;
  std::string clock_freeze;  // empty: the clock runs
};

Result<Identity> identity_of(http::Client& client, const std::string& url) {
  const http::ClientResponse answer = TRY(client.get(url + "/.vault/identity"));
  if (answer.status != 200) return std::unexpected(http::error_of(answer));
  const json::Value value = TRY(json::parse(answer.body));
  Identity identity{.vault = TRY(value["vault"].to_string("vault")), .clock_freeze = ""};
  if (const std::string* freeze = value["clock_freeze"].string()) identity.clock_freeze = *freeze;
  return identity;
}

// Signs and sends; prints what the vault did.
Result<int> order(const OrderVerb& verb, server::Order order) {
  if (verb.vault.empty() || verb.officer.empty() || verb.key_file.empty()) {
    return fail(ErrorKind::invalid, "--vault, --officer and --key are needed");
  }
  const crypto::Ed25519Key key = TRY(read_key(verb.key_file));
  http::Client client(
      {.ca_certificate_file = verb.authority, .client_certificate_file = verb.client_certificate});
  std::string url = verb.vault;
  while (url.ends_with('/')) url.pop_back();
  const Identity identity = TRY(identity_of(client, url));
  if (order == server::Order::accept_clock && identity.clock_freeze.empty()) {
    return fail(ErrorKind::conflict, "the vault's clock is not frozen");
  }
  server::Statement statement{.order = order,
                              .vault = identity.vault,
                              .officer = verb.officer,
                              .made = SystemClock().now(),
                              .request = verb.request,
                              .repository = verb.repository,
                              .key = verb.key};
  if (order == server::Order::accept_clock) statement.request = identity.clock_freeze;
  http::ClientRequest request{.method = http::Method::post, .url = url + "/.vault/orders"};
  request.headers.set("Content-Type", "application/json");
  request.body = server::sign_statement(statement, key);
  const http::ClientResponse answer = TRY(client.send(request));
  if (answer.status != 200) return std::unexpected(http::error_of(answer));
  const json::Value said = TRY(json::parse(answer.body));
  fmt::print("{}\n", TRY(said["done"].to_string("done")));
  return kExitSuccess;
}

Result<int> destroy(OrderVerb verb) {
  if (verb.request.empty()) {
    SystemRandom random;
    verb.request = to_hex(random.bytes(kRequestIdBytes));
  }
  return order(verb, server::Order::destroy);
}

}  // namespace

void add_destroy(Command& vault) {
  auto verb = std::make_shared<OrderVerb>();
  Command& command = vault.subcommand(
      "destroy", "Order a repository's destruction, or confirm another officer's order");
  add_order_options(command, *verb);
  command.argument("REPOSITORY", verb->repository, "Which", Need::required)
      .option("--confirm", verb->request, "The request that another officer made")
      .on_run([verb] { return destroy(*verb); });
}

void add_cancel(Command& vault) {
  auto verb = std::make_shared<OrderVerb>();
  Command& command = vault.subcommand("cancel", "Cancel a destruction; any one officer may");
  add_order_options(command, *verb);
  command.argument("REQUEST", verb->request, "Which", Need::required).on_run([verb] {
    return order(*verb, server::Order::cancel);
  });
}

void add_enrol_key(Command& enrol) {
  auto verb = std::make_shared<OrderVerb>();
  Command& command =
      enrol.subcommand("key", "Let one key file into a repository whose keys are frozen");
  add_order_options(command, *verb);
  command.argument("REPOSITORY", verb->repository, "Which", Need::required)
      .argument("NAME", verb->key, "The file's name, 64 hexadecimal digits; the vault's log has it",
                Need::required)
      .on_run([verb] { return order(*verb, server::Order::enrol_key); });
}

void add_accept_clock(Command& vault) {
  auto verb = std::make_shared<OrderVerb>();
  Command& command = vault.subcommand(
      "accept-clock", "Say that the vault's system time is right again after a jump");
  add_order_options(command, *verb);
  command.on_run([verb] { return order(*verb, server::Order::accept_clock); });
}

void add_status(Command& vault) {
  struct StatusVerb {
    std::string socket;
  };
  auto verb = std::make_shared<StatusVerb>();
  vault.subcommand("status", "Repositories, locks, destructions and alarms, as JSON")
      .option("--socket", verb->socket, "The vault's metrics_socket")
      .on_run([verb]() -> Result<int> {
        if (verb->socket.empty()) return fail(ErrorKind::invalid, "--socket is needed");
        http::Client client({.unix_socket = verb->socket});
        const http::ClientResponse answer = TRY(client.get("http://vault/.vault/status.json"));
        if (answer.status != 200) return std::unexpected(http::error_of(answer));
        fmt::print("{}\n", json::write(TRY(json::parse(answer.body)), json::Layout::indented));
        return kExitSuccess;
      });
}

}  // namespace bulkhead::cli::vault
