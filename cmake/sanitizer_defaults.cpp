// What the address sanitizer's preset needs to know of the libraries and of compartments: linked
// into every program of that preset. The functions are the sanitizers' own hooks.
#include <sys/prctl.h>

// LeakSanitizer stops threads by ptrace(2), which the system call filter of a compartment refuses:
// there it would end the program. (It finds them outside, in the same code.)
extern "C" int __lsan_is_turned_off() { return ::prctl(PR_GET_SECCOMP) != 0; }

// The zip writer of libarchive 3.6 does not end its stream where a file could not be written.
extern "C" const char* __lsan_default_suppressions() { return "leak:deflateInit2_\n"; }

// Xapian 1.4's check of a database deletes a table as its base class.
extern "C" const char* __asan_default_options() { return "new_delete_type_mismatch=0"; }
