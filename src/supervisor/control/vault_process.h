// Where one machine plays both sites (vault.run_here: demo, drills, tests), bulkheadd runs
// bulkhead-vault on <estate>/vault beside itself, and again when it ends. It is no part of the
// supervisor otherwise: it has its own certificate, credentials and configuration.
#pragma once

#include <atomic>
#include <memory>
#include <thread>

#include "supervisor/estate/estate.h"

namespace bulkhead::supervisor {

class VaultProcess {
 public:
  // nullptr where the vault is elsewhere.
  static Result<std::unique_ptr<VaultProcess>> start(const Estate& estate,
                                                     const Path& program_folder);
  ~VaultProcess();

 private:
  VaultProcess(const Path& estate_folder, Path program);
  void run();

  Path configuration_;
  Path log_file_;
  Path program_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace bulkhead::supervisor
