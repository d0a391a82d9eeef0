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
  const Hour hour = std::chrono::floor<std::chrono::hours>(at);
  if (day_.empty() || day_.back().hour != hour) {
    if (in_hour_ > 0) push(hours_, in_hour_, kChurnHours);
    in_hour_ = 0;
    day_.push_back({hour, 0});
    while (day_.front().hour + std::chrono::days(1) <= hour) day_.pop_front();
  }
  in_hour_ += size;
  day_.back().bytes += size;
}

void ChurnWatch::end_backup(WallTime at) {
  if (before_ > 0) push(backups_, arriving_, kChurnBackups);
  before_ += arriving_;
  arriving_ = 0;
  alarmed_ = false;
  if (!first_ended_) first_ended_ = at;
}

// On it a repository is being filled, by one host after another.
bool ChurnWatch::is_first_day(WallTime at) const {
  return !first_ended_ || at < *first_ended_ + std::chrono::days(1);
}

std::uint64_t ChurnWatch::least_at(WallTime at) const {
  if (is_first_day(at)) return limits_.size_min;
  return std::min(limits_.size_min, std::max(kChurnSizeFloor, before_ / 20));
}

std::optional<std::string> ChurnWatch::judge_backup(WallTime at) const {
  if (arriving_ < least_at(at)) return std::nullopt;
  if (new_share() > limits_.share) {
    return fmt::format(
        "this backup has brought {} new bytes, {:.0f} % of the {} that were there; so much is "
        "new when what is backed up was rewritten",
        arriving_, new_share() * 100, before_);
  }
  if (backups_.size() < kChurnBackupsMin) return std::nullopt;
  const std::uint64_t most = most_of(backups_);
  if (static_cast<double>(arriving_) <= limits_.factor * static_cast<double>(most)) {
    return std::nullopt;
  }
  return fmt::format("this backup has brought {} new bytes; the last {} brought {} at most",
                     arriving_, backups_.size(), most);
}

std::optional<std::string> ChurnWatch::judge_rate(WallTime at) const {
  const std::uint64_t least = least_at(at);
  const std::uint64_t most_in_hour = most_of(hours_);
  if (backups_.size() >= kChurnBackupsMin && hours_.size() >= kChurnBackupsMin &&
      in_hour_ >= least &&
      static_cast<double>(in_hour_) > limits_.factor * static_cast<double>(most_in_hour)) {
    return fmt::format("{} bytes have come within an hour; {} at most ever did before", in_hour_,
                       most_in_hour);
  }
  if (is_first_day(at)) return std::nullopt;
  std::uint64_t in_day = 0;
  for (const HourSum& hour : day_) in_day += hour.bytes;
  const std::uint64_t earlier = before_ + arriving_ - in_day;
  if (in_day < least ||
      static_cast<double>(in_day) <= limits_.share * static_cast<double>(earlier)) {
    return std::nullopt;
  }
  return fmt::format(
      "{} new bytes have come within a day, in whatever backups: {:.0f} % of the {} that were "
      "there",
      in_day,
      static_cast<double>(in_day) / static_cast<double>(std::max<std::uint64_t>(earlier, 1)) * 100,
      earlier);
}

std::optional<std::string> ChurnWatch::received(FileType type, std::uint64_t size, WallTime at) {
  if (type == FileType::snapshot) {
    end_backup(at);
    return std::nullopt;
  }
  if (type != FileType::data) return std::nullopt;
  arriving_ += size;
  // The first backup brings everything.
  if (before_ == 0) return std::nullopt;
  count_hour(size, at);
  if (alarmed_) return std::nullopt;
  auto text = judge_backup(at);
  // Once a day: what came within it stays too much, whatever comes.
  const bool is_said = rate_alarmed_ && at < *rate_alarmed_ + std::chrono::days(1);
  if (!text && !is_said) text = judge_rate(at);
  if (!text) return std::nullopt;
  alarmed_ = true;
  rate_alarmed_ = at;
  return text;
}

}  // namespace bulkhead::vault
