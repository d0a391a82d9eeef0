// What the drill says while it runs: for somebody who watches it for the first time. Thread-safe.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <string_view>

#include "cli/estate/status_table.h"
#include "json/value.h"

namespace bulkhead::cli::drill {

class Narration {
 public:
  explicit Narration(estate::Colour colour);

  // A new part of the story.
  void act(std::string_view title);
  // Why it happens, or what it means.
  void explain(std::string_view text);
  // What happened: with the time since the drill began.
  void say(std::string_view text);
  void good(std::string_view text);
  void bad(std::string_view text);
  // A record of the incident's timeline, where it is worth a line.
  void record(const json::Value& record);

 private:
  void line(std::string_view paint, std::string_view mark, std::string_view text);

  const estate::Colour colour_;
  const std::chrono::steady_clock::time_point start_;
  std::mutex mutex_;
};

}  // namespace bulkhead::cli::drill
