// Request bytes in pieces: the first byte says how long the pieces are.
#include <algorithm>
#include <array>

#include "base/check.h"
#include "http/files.h"
#include "http/internal/request_parser.h"
#include "http/url.h"

using namespace bulkhead;

namespace {

constexpr std::size_t kHeaderSizeMax = 2048;
constexpr std::uint64_t kBodySizeMax = 4096;

void look_at(http::internal::RequestHead head) {
  (void)http::parse_target(head.target);
  http::Request request;
  request.headers = std::move(head.headers);
  if (const auto cookie = request.cookie("a")) CHECK(cookie->find(';') == std::string_view::npos);
  if (const auto range = request.headers.find("Range")) {
    const http::RangeAnswer answer = http::parse_range(*range, 1000);
    CHECK(answer.range.offset + answer.range.length <= 1000);
  }
  (void)http::has_current(request, "\"a\"");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece_size = 1 + data[0] * 4;
  const ByteView input(data + 1, size - 1);
  http::internal::RequestParser parser(kHeaderSizeMax, kBodySizeMax);
  std::array<std::uint8_t, 100> out{};
  std::size_t consumed = 0, arrived = 0, produced = 0;
  bool seen = false;
  while (arrived < input.size() && !(parser.head_done() && parser.done())) {
    arrived = std::min(arrived + piece_size, input.size());
    if (!parser.head_done()) {
      const auto step = parser.parse_head(input.subspan(consumed, arrived - consumed));
      if (!step) return 0;
      consumed += *step;
      CHECK(consumed <= arrived);
    }
    if (!parser.head_done()) continue;
    if (!seen) look_at(parser.head());
    seen = true;
    while (!parser.done()) {
      const auto step = parser.parse_body(input.subspan(consumed, arrived - consumed), out);
      if (!step) return 0;
      CHECK(step->produced <= out.size());
      consumed += step->consumed;
      produced += step->produced;
      CHECK(consumed <= arrived && produced <= kBodySizeMax);
      if (step->consumed == 0 && step->produced == 0) break;
    }
  }
  return 0;
}
