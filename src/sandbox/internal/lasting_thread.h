// bubblewrap's --die-with-parent watches the *thread* that started it (prctl(2),
// PR_SET_PDEATHSIG): a compartment started from a short-lived worker would end with that worker.
// All of them are therefore started from one thread that lives as long as the process.
#pragma once

#include "base/process.h"

namespace bulkhead::sandbox::internal {

// Thread-safe; waits until the child has been started.
Result<Process> start_from_lasting_thread(const ProcessOptions& options);

}  // namespace bulkhead::sandbox::internal
