#include "vault/churn.h"

#include <algorithm>

#include <fmt/format.h>

namespace bulkhead::vault {
namespace {

using storage::FileType;

std::uint64_t most_of(const std::deque<std::uint64_t>& values) {
  return values.empty() ? 0 : *std::max_element(values.begin(), values.end());
}

void push(std::deque<std::uint64_t>& values, std::uint64_t value, std::size_t count_max) {
  values.push_back(value);
  if (values.size() > count_max) values.pop_front();
}

}  // namespace

double ChurnWatch::new_share() const {
  return before_ == 0 ? 0 : static_cast<double>(arriving_) / static_cast<double>(before_);
}

void ChurnWatch::count_hour(std::uint64_t size, WallTime at) {
  const auto hour = std::chrono::floor<std::chrono::hours>(at);
  if (hour != hour_) {
    if (in_hour_ > 0) push(hours_, in_hour_, kChurnHours);
    hour_ = hour;
    in_hour_ = 0;
  }
  in_hour_ += size;
}

void ChurnWatch::end_backup() {
  if (before_ > 0) push(backups_, arriving_, kChurnBackups);
  before_ += arriving_;
  arriving_ = 0;
  alarmed_ = false;
}

std::optional<std::string> ChurnWatch::judge() const {
  // The first backup brings everything.
  if (before_ == 0 || arriving_ < limits_.size_min) return std::nullopt;
  const auto brought = static_cast<double>(arriving_);
  if (new_share() > limits_.share) {
    return fmt::format(
        "this backup has brought {} new bytes, {:.0f} % of the {} that were there; so much is "
        "new when what is backed up was rewritten",
        arriving_, new_share() * 100, before_);
  }
  if (backups_.size() < kChurnBackupsMin) return std::nullopt;
  const std::uint64_t most = most_of(backups_);
  if (brought > limits_.factor * static_cast<double>(most)) {
    return fmt::format("this backup has brought {} new bytes; the last {} brought {} at most",
                       arriving_, backups_.size(), most);
  }
  const std::uint64_t most_in_hour = most_of(hours_);
  if (hours_.size() >= kChurnBackupsMin && in_hour_ >= limits_.size_min &&
      static_cast<double>(in_hour_) > limits_.factor * static_cast<double>(most_in_hour)) {
    return fmt::format("{} bytes have come within an hour; {} at most ever did before", in_hour_,
                       most_in_hour);
  }
  return std::nullopt;
}

std::optional<std::string> ChurnWatch::received(FileType type, std::uint64_t size, WallTime at) {
  if (type == FileType::snapshot) {
    end_backup();
    return std::nullopt;
  }
  if (type != FileType::data) return std::nullopt;
  arriving_ += size;
  if (before_ > 0) count_hour(size, at);
  if (alarmed_) return std::nullopt;
  auto text = judge();
  alarmed_ = text.has_value();
  return text;
}

}  // namespace bulkhead::vault
