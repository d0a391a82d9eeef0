#include "cli/drill/attacker/surroundings.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"

namespace bulkhead::cli::drill::attacker {
namespace {

constexpr std::size_t kTokenBytesMin = 16;
constexpr std::size_t kProcFileBytesMax = 1 << 20;

std::unexpected<Error> refuse(std::string_view why) {
  return fail(ErrorKind::denied, fmt::format("the drill's attacker refuses to run: {}", why));
}

Result<void> check_marker(const Surroundings& surroundings, std::string_view token) {
  if (token.size() < kTokenBytesMin) return refuse("it was given no token of a drill");
  const auto text = read_text_file(surroundings.data / kMarkerName, 4096);
  if (!text) {
    return refuse(fmt::format("{} has no {}", surroundings.data.native(), kMarkerName));
  }
  const ByteView marked = as_bytes(trim(*text));
  if (marked.size() != token.size() || !equal_constant_time(marked, as_bytes(token))) {
    return refuse("the dataset is marked by another drill");
  }
  return {};
}

Result<void> check_network(const Surroundings& surroundings) {
  const auto text = read_text_file(surroundings.proc / "net/dev", kProcFileBytesMax);
  if (!text) return refuse("its network devices cannot be listed");
  for (const std::string_view line : split(*text, '\n')) {
    const auto device = split_once(line, ':');
    if (device && trim(device->first) != "lo") {
      return refuse(fmt::format("there is a network device, {}", trim(device->first)));
    }
  }
  return {};
}

Result<void> check_process(const Surroundings& surroundings) {
  const auto status = read_text_file(surroundings.proc / "self/status", kProcFileBytesMax);
  const auto first = read_text_file(surroundings.proc / "1/comm", kProcFileBytesMax);
  if (!status || !first) return refuse("its own state cannot be read");
  if (status->find("\nSeccomp:\t2\n") == std::string::npos) {
    return refuse("no system call filter holds it");
  }
  if (status->find("\nNoNewPrivs:\t1\n") == std::string::npos) {
    return refuse("it could gain privileges");
  }
  if (trim(*first) != "bwrap") return refuse("process 1 is not a compartment's");
  return {};
}

// Writable in every compartment, and nobody's data: only what the kernel itself offers.
bool is_expected_writable(std::string_view mount_point) {
  constexpr std::string_view kExpected[] = {"/data", "/run/service", "/tmp", "/proc"};
  return std::ranges::find(kExpected, mount_point) != std::end(kExpected) ||
         mount_point.starts_with("/dev/");
}

Result<void> check_mounts(const Surroundings& surroundings) {
  const auto text = read_text_file(surroundings.proc / "self/mountinfo", kProcFileBytesMax);
  if (!text) return refuse("its mounts cannot be listed");
  bool has_data = false;
  for (const std::string_view line : split(*text, '\n')) {
    const auto fields = split(line, ' ');  // proc(5): … mount point is the fifth, options the sixth
    if (fields.size() < 6) continue;
    has_data = has_data || fields[4] == "/data";
    const auto options = split(fields[5], ',');
    const bool writable = std::ranges::find(options, "rw") != options.end();
    if (writable && !is_expected_writable(fields[4])) {
      return refuse(fmt::format("{} could be written to", fields[4]));
    }
  }
  if (!has_data) return refuse("/data is not a mount of its own");
  return {};
}

}  // namespace

Result<void> check_surroundings(const Surroundings& surroundings, std::string_view token) {
  TRY(check_marker(surroundings, token));
  TRY(check_network(surroundings));
  TRY(check_process(surroundings));
  return check_mounts(surroundings);
}

}  // namespace bulkhead::cli::drill::attacker
