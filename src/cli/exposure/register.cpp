#include "cli/exposure/register.h"

#include <fmt/format.h>

#include "cli/control/control.h"

namespace bulkhead::cli::exposure {
namespace {

struct SealVerb : control::EstateOptions {
  std::vector<std::string> services;
  bool all = false;
  std::string reason;
};

Result<int> seal(const SealVerb& verb) {
  if (verb.all == !verb.services.empty()) {
    return fail(ErrorKind::invalid, "name services, or say --all");
  }
  const control::Control control = TRY(control::Control::open(verb));
  json::Object body{{"reason", verb.reason}};
  if (verb.all) {
    body.set("all", true);
  } else {
    body.set("services", json::Array(verb.services.begin(), verb.services.end()));
  }
  const json::Value answer = TRY(control.post("/v1/seal", body));
  const std::int64_t gateway_ms = TRY(answer["gateway_ms"].to_i64("gateway_ms"));
  const std::int64_t seal_ms = TRY(answer["seal_ms"].to_i64("seal_ms"));
  std::string names;
  if (const json::Array* sealed = answer["sealed"].array()) {
    for (const json::Value& name : *sealed) {
      const std::string text = TRY(name.to_string("sealed"));
      names += (names.empty() ? "" : ", ") + text;
    }
  }
  fmt::print(
      "Sealed {}: the gateway refuses since {} ms, the last compartment was frozen after {} "
      "ms.\n",
      names, gateway_ms, seal_ms);
  return kExitSuccess;
}

struct ExposeVerb : control::EstateOptions {
  std::string service;
  std::string to;
  std::string reason;
};

Result<int> expose(const ExposeVerb& verb) {
  const control::Control control = TRY(control::Control::open(verb));
  const json::Object body{{"service", verb.service}, {"to", verb.to}, {"reason", verb.reason}};
  const json::Value answer = TRY(control.post("/v1/expose", body));
  const std::string exposure = TRY(answer["exposure"].to_string("exposure"));
  const std::string state = TRY(answer["state"].to_string("state"));
  fmt::print("{} is exposed: {}. It is {}.\n", verb.service, exposure, state);
  return kExitSuccess;
}

}  // namespace

void register_exposure(Command& root) {
  auto sealing = std::make_shared<SealVerb>();
  Command& seal_verb = root.subcommand("seal", "Refuse all visitors and freeze, at once");
  control::add_estate_option(seal_verb, *sealing);
  seal_verb.arguments("SERVICE", sealing->services, "Names, or group:NAME", Need::optional)
      .flag("--all", sealing->all, "Every service of the estate")
      .option("--reason", sealing->reason, "For the timeline")
      .on_run([sealing] { return seal(*sealing); });

  auto exposing = std::make_shared<ExposeVerb>();
  Command& expose_verb = root.subcommand("expose", "Say who may reach a service");
  control::add_estate_option(expose_verb, *exposing);
  expose_verb.argument("SERVICE", exposing->service, "Its name", Need::required)
      .option("--to", exposing->to, "public, read-only, members, operators or sealed")
      .option("--reason", exposing->reason, "For the timeline")
      .on_run([exposing] { return expose(*exposing); });
}

}  // namespace bulkhead::cli::exposure
