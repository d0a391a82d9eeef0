// One dataset under watch by inotify: every folder of it, and each canary by itself. Knows what
// each file looked like before, so that it can tell encryption from editing. Needs no privilege;
// docs/decisions says why not fanotify. Not thread-safe: Watcher owns one for each service.
//
// When the kernel's queue overflows, events are lost: the whole dataset is then looked at again and
// compared with what was known, which finds the same changes later.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "analysis/content_profile.h"
#include "analysis/mass_change.h"
#include "base/file.h"

namespace bulkhead::supervisor {

inline constexpr std::size_t kWatchedFilesMax = 500'000;
inline constexpr std::size_t kWatchedFoldersMax = 100'000;
inline constexpr int kWatchedDepthMax = 64;
// What did not live this long was never data to lose: a mail in the queue, a temporary file.
inline constexpr std::chrono::minutes kSettledAfter{10};

struct DatasetWatchOptions {
  std::string service;
  std::string generation;          // that indicators are of
  Path root;                       // of that generation
  std::set<std::string> canaries;  // relative to the root
  analysis::MassChangeLimits limits;
  double entropy_bits_min = analysis::kEntropyLostKindBits;
};

class DatasetWatch {
 public:
  // Looks at every file once. Kind limit where the dataset or the kernel's limits are exceeded.
  static Result<DatasetWatch> create(DatasetWatchOptions options, const Clock& clock);
  DatasetWatch(DatasetWatch&&) = default;

  // Readable when there is something to read.
  int descriptor() const { return inotify_.get(); }
  // Takes what has arrived, without waiting.
  Result<std::vector<analysis::Indicator>> read_events();
  // Compares all that is there with what was known.
  Result<std::vector<analysis::Indicator>> rescan();
  std::size_t files_known() const { return known_.size(); }
  const DatasetWatchOptions& options() const { return options_; }

 private:
  DatasetWatch(DatasetWatchOptions options, const Clock& clock);

  struct Known {
    analysis::ContentProfile profile;
    SteadyTime since;  // when it appeared; the beginning of time for what was there first
  };
  enum class Discovery { first_look, appeared };
  Result<void> add_folder(const std::string& folder, int depth, Discovery discovery);
  Result<void> watch_canaries();
  void handle(int watch, std::uint32_t mask, const std::string& name);
  void file_written(const std::string& path);
  void file_gone(const std::string& path);
  void folder_gone(const std::string& folder);
  std::vector<analysis::Indicator> take_found();
  bool canary_touched(const std::string& path, std::string_view how);
  bool is_ignored(const std::string& path) const;
  void observe(analysis::ChangeKind kind, const std::string& path);
  void raise(analysis::IndicatorKind kind, const std::string& path, std::string explanation);

  DatasetWatchOptions options_;
  const Clock* clock_;
  FileDescriptor inotify_;
  analysis::MassChangeDetector detector_;
  std::map<int, std::string> folders_;         // watch descriptor -> folder, "" for the root
  std::map<int, std::string> canary_watches_;  // watch descriptor -> canary
  std::map<std::string, Known> known_;
  std::set<std::string> touched_canaries_;  // said once each
  std::set<std::string> ransom_signs_;
  std::vector<analysis::Indicator> found_;
  bool overflowed_ = false;
};

}  // namespace bulkhead::supervisor
