// A small estate for the tests of this folder: one service's folders, the things that it must not
// reach, and listeners on each kind of address that an intruder would try.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/file.h"
#include "sandbox/compartment.h"

namespace bulkhead::sandbox {

class TestEstate {
 public:
  static Result<TestEstate> create();

  Path path(std::string_view relative) const { return folder_->path() / relative; }
  // The probe at /program/probe, with these attempts as its arguments.
  Policy probe_policy(Network network, std::vector<std::string> attempts) const;
  // Runs it to its end; outcome by attempt.
  Result<std::map<std::string, std::string>> probe(const Policy& policy) const;
  std::string log_text() const;
  int log() const { return log_.get(); }
  int tcp_port() const { return tcp_port_; }
  const std::string& abstract_name() const { return abstract_name_; }

 private:
  TestEstate() = default;
  Result<void> listen_everywhere();

  std::optional<TemporaryDirectory> folder_;
  FileDescriptor log_;
  std::vector<FileDescriptor> listeners_;
  int tcp_port_ = 0;
  std::string abstract_name_;
};

// Beside the tests, or in the folder that BULKHEAD_TEST_PROGRAMS names (for another user, who may
// not look into ours).
Path test_program(std::string_view name);

}  // namespace bulkhead::sandbox
