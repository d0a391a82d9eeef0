// The system call filter of a compartment, and that of a confined helper program, as the kernel's
// own filter programs. Made by libseccomp in the parent; loaded in the child by one prctl.
#pragma once

#include <vector>

#include <linux/filter.h>

#include "base/file_descriptor.h"
#include "sandbox/policy.h"

namespace bulkhead::sandbox::internal {

// Refuses with EPERM what no service needs and attackers do: mounts, namespaces, tracing, modules,
// keys, io_uring and so on. clone3 answers ENOSYS, since a filter cannot look into its argument;
// libc then uses clone. Sockets: AF_UNIX; with Network::loopback also AF_INET and AF_INET6.
// The answer is a memory file with the filter, as bubblewrap's --seccomp reads it.
Result<FileDescriptor> compartment_filter(Network network);

// For run_confined(): in addition no socket of any kind, no new process, no tracing of others.
Result<std::vector<sock_filter>> confined_filter();

}  // namespace bulkhead::sandbox::internal
