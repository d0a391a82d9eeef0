// Control groups of one compartment, of whichever kind this machine has and lets us write: version
// 2 (one hierarchy), version 1 (memory, pids, freezer each for itself), or both mixed. Below our
// own group, or, where version 2's rule against processes in inner groups forbids that, below the
// nearest ancestor that can limit memory and processes.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sandbox/compartment.h"

namespace bulkhead::sandbox::internal {

// Removes the groups at the end of its life; by then the compartment has no processes.
class ControlGroups {
 public:
  // Never fails: what cannot be had is simply not in force, with a warning where that matters.
  static ControlGroups create(std::string_view name, const Limits& limits);
  ControlGroups(ControlGroups&&) noexcept = default;
  ControlGroups& operator=(ControlGroups&&) = delete;
  ~ControlGroups();

  // For the child, between fork and exec: "0" written to each of them moves the writer in.
  std::vector<int> entry_descriptors() const;
  // As far as it depends on control groups.
  void describe(Enforcement& enforcement) const;

  // Only where describe() says that freezing is not by signals. Waits until it is so.
  Result<void> freeze();
  Result<void> thaw();
  // SIGKILL to every member where the kernel can do that in one step.
  bool kill();

 private:
  struct Group {
    Path folder;
    FileDescriptor entry;
  };
  ControlGroups() = default;
  void use_version_2(std::string_view name, const Limits& limits);
  void use_version_1(std::string_view name, const Limits& limits);

  std::vector<Group> groups_;
  Path freezer_;          // of version 1
  Path unified_;          // of version 2
  Enforcement in_force_;  // memory, processes, freezing, warnings
};

}  // namespace bulkhead::sandbox::internal
