#include "cli/drill/narration.h"

#include <cstdio>

#include <fmt/format.h>

namespace bulkhead::cli::drill {
namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kPlain = "\x1b[0m";

}  // namespace

Narration::Narration(estate::Colour colour)
    : colour_(colour), start_(std::chrono::steady_clock::now()) {}

void Narration::line(std::string_view paint, std::string_view mark, std::string_view text) {
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  const bool has_colour = colour_ == estate::Colour::terminal;
  const std::lock_guard lock(mutex_);
  fmt::print("{:7.2f} s  {} {}{}{}\n", seconds, mark, has_colour ? paint : "", text,
             has_colour ? kPlain : "");
  std::fflush(stdout);
}

void Narration::act(std::string_view title) {
  const bool has_colour = colour_ == estate::Colour::terminal;
  const std::lock_guard lock(mutex_);
  fmt::print("\n{}{}{}\n", has_colour ? kBold : "", title, has_colour ? kPlain : "");
  std::fflush(stdout);
}

void Narration::explain(std::string_view text) {
  const bool has_colour = colour_ == estate::Colour::terminal;
  const std::lock_guard lock(mutex_);
  fmt::print("{}           {}{}\n", has_colour ? kDim : "", text, has_colour ? kPlain : "");
  std::fflush(stdout);
}

void Narration::say(std::string_view text) { line("", "·", text); }
void Narration::good(std::string_view text) { line(kGreen, "✓", text); }
void Narration::bad(std::string_view text) { line(kRed, "✗", text); }

void Narration::record(const json::Value& record) {
  const std::string kind = text_of(record["kind"]);
  const std::string message = text_of(record["message"]);
  if (kind == "indicator") {
    line(kRed, "!", text_of(record["service"]) + ": " + message);
  } else if (kind == "sealed") {
    line(kRed, "■", message);
  } else if (kind == "step-failed") {
    bad(message);
  } else if (kind == "exposed") {
    good(message);
  } else if (kind == "step-done") {
    // What an opening found is said by its `exposed` line already.
    const std::string step = text_of(record["details"]["step"]);
    if (!step.starts_with("open-")) say(message);
  }
}

}  // namespace bulkhead::cli::drill
