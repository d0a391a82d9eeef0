// bulkhead-sandbox-trial own FOLDER PROBE | confine: what the tests of this folder need to have
// done by another process. `own` owns a compartment until it is killed, and prints the id of its
// service; `confine` runs helper programs confined, and prints what came of it; it is run in a
// compartment.
#include <cstdio>
#include <string>
#include <string_view>

#include <unistd.h>

#include "sandbox/compartment.h"
#include "sandbox/confine.h"

namespace {

using bulkhead::Path;

int own(const Path& folder, const Path& probe) {
  auto compartment =
      bulkhead::sandbox::Compartment::start({.name = "trial",
                                             .command = {"/program/probe", "tick"},
                                             .data_directory = folder / "datasets/website",
                                             .socket_directory = folder / "run/website",
                                             .read_only = {{probe, "/program/probe"}}});
  if (!compartment) {
    std::fprintf(stderr, "%s\n", compartment.error().message().c_str());
    return 1;
  }
  const Path ticks = folder / "datasets/website/ticks";
  while (!compartment->poll() && ::access(ticks.c_str(), F_OK) != 0) ::usleep(1000);
  std::printf("%d\n", static_cast<int>(compartment->processes().back()));
  std::fflush(stdout);
  return compartment->wait().code;
}

void confine(const std::string& program, const std::vector<std::string>& arguments) {
  const auto output = bulkhead::sandbox::run_confined(program, arguments,
                                                      bulkhead::as_bytes(std::string_view("text")));
  std::printf("%s: %s\n", program.c_str(),
              output ? output->c_str() : output.error().message().c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view role = argc > 1 ? argv[1] : "";
  if (role == "own" && argc == 4) return own(argv[2], argv[3]);
  if (role != "confine") return 2;
  confine("/usr/bin/cat", {});
  confine("/usr/bin/head", {"-c", "3", "/data/page"});
  confine("/usr/bin/pdftotext", {"-", "-"});
  return 0;
}
