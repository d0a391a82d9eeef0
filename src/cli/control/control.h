// The control socket of a running estate, as every verb that talks to bulkheadd uses it: where the
// estate is (--estate, BULKHEAD_ESTATE, ./build/estate), one request, its answer as JSON. What
// bulkheadd refuses comes back as the Error that it was there.
#pragma once

#include <chrono>
#include <string>

#include "base/file.h"
#include "cli/command.h"
#include "json/value.h"

namespace bulkhead::cli::control {

struct EstateOptions {
  std::string estate = "build/estate";
};
void add_estate_option(Command& command, EstateOptions& options);

class Control {
 public:
  // Changes the working directory to the estate's folder: a socket's path is limited to 107 bytes,
  // a folder's is not.
  static Result<Control> open(const EstateOptions& options);

  Result<json::Value> get(const std::string& path) const;
  Result<json::Value> post(const std::string& path, const json::Value& body) const;
  const Path& folder() const { return folder_; }

 private:
  explicit Control(Path folder) : folder_(std::move(folder)) {}
  Path folder_;  // absolute
};

}  // namespace bulkhead::cli::control
