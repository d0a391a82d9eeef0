#include "supervisor/control/witness_client.h"

#include <fmt/format.h>

#include "base/text.h"
#include "ledger/witness.h"

namespace bulkhead::supervisor {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kAnswerSizeMax = ledger::verify::kNoteSizeMax;
constexpr std::size_t kPasswordSizeMax = 4096;
// A supervisor that ends asks a last time, and must not wait for a vault that has gone.
constexpr std::chrono::milliseconds kTimeout = 5s;

http::ClientOptions options_for(const Layout& layout) {
  return {.ca_certificate_file = layout.ca_certificate(),
          .connect_timeout = kTimeout,
          .timeout = kTimeout,
          .body_size_max = kAnswerSizeMax};
}

std::unexpected<Error> unexpected_answer(const http::ClientResponse& answer) {
  return fail(ErrorKind::unavailable, fmt::format("the vault answers {}: {}", answer.status,
                                                  trim(error_of(answer).message())));
}

}  // namespace

WitnessClient::WitnessClient(const Estate& estate, const Layout& layout)
    : password_file_(layout.vault_password()),
      user_(estate.vault.user),
      url_(estate.vault.url + ".vault/witness/"),
      client_(options_for(layout)) {}

Result<WitnessClient::Answer> WitnessClient::add_checkpoint(const ledger::AddCheckpoint& request) {
  Bytes password = TRY(read_file(password_file_, kPasswordSizeMax));
  http::ClientRequest post;
  post.method = http::Method::post;
  post.url = url_ + "add-checkpoint";
  post.headers.set("Content-Type", "text/plain; charset=utf-8");
  post.headers.set(
      "Authorization",
      "Basic " + to_base64(to_bytes(fmt::format("{}:{}", user_, trim(as_text(password))))));
  crypto::wipe(password);
  post.body = ledger::write_add_checkpoint(request);
  const http::ClientResponse answer = TRY(client_.send(post));
  switch (answer.status) {
    case 200: return Cosigned{answer.body};
    case 422: return Refused{std::string(trim(answer.body))};
    case 409: break;
    default: return unexpected_answer(answer);
  }
  const auto size = parse_u64(trim(answer.body));
  if (!size) return unexpected_answer(answer);
  return KnowsSize{*size};
}

Result<std::string> WitnessClient::checkpoint(std::string_view origin) {
  const http::ClientResponse answer =
      TRY(client_.get(fmt::format("{}{}/checkpoint", url_, ledger::origin_hash(origin))));
  if (answer.status == 200) return answer.body;
  if (answer.status == 404) return fail(ErrorKind::not_found, error_of(answer).message());
  return unexpected_answer(answer);
}

}  // namespace bulkhead::supervisor
