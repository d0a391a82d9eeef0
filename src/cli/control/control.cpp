#include "cli/control/control.h"

#include <cerrno>

#include <fmt/format.h>
#include <unistd.h>

#include "http/client.h"

namespace bulkhead::cli::control {
namespace {

// Sealing and opening wait for compartments; nothing of the control API takes longer, since long
// work is a job that is asked about.
constexpr std::chrono::seconds kAnswerMax{60};

Result<json::Value> ask(const Path& folder, http::Method method, const std::string& path,
                        const json::Value* body) {
  http::ClientOptions options;
  options.unix_socket = Path("run") / "control.sock";
  options.timeout = kAnswerMax;
  http::Client client(std::move(options));
  http::ClientRequest request;
  request.method = method;
  request.url = "http://bulkheadd" + path;
  if (body) {
    request.headers.set("Content-Type", "application/json");
    request.body = json::write(*body);
  }
  const auto answer = client.send(request);
  if (!answer) {
    if (answer.error().kind() != ErrorKind::unavailable) return std::unexpected(answer.error());
    return fail(ErrorKind::unavailable,
                fmt::format("nobody runs the estate in {}; start it with: bulkhead estate start "
                            "--estate {}",
                            folder.native(), folder.native()));
  }
  if (answer->status >= 400) return std::unexpected(http::error_of(*answer));
  return json::parse(answer->body);
}

}  // namespace

void add_estate_option(Command& command, EstateOptions& options) {
  command.option("--estate", options.estate, "The estate's folder", "BULKHEAD_ESTATE");
}

Result<Control> Control::open(const EstateOptions& options) {
  std::error_code error;
  const Path folder = std::filesystem::canonical(options.estate, error);
  if (error || !std::filesystem::is_regular_file(folder / "estate.toml", error)) {
    return fail(ErrorKind::not_found,
                fmt::format("{} is no estate's folder; name one with --estate, or make one with: "
                            "bulkhead estate create --at {}",
                            options.estate, options.estate));
  }
  if (::chdir(folder.c_str()) != 0) return fail_errno(errno, folder.native());
  return Control(folder);
}

Result<json::Value> Control::get(const std::string& path) const {
  return ask(folder_, http::Method::get, path, nullptr);
}

Result<json::Value> Control::post(const std::string& path, const json::Value& body) const {
  return ask(folder_, http::Method::post, path, &body);
}

}  // namespace bulkhead::cli::control
