// Opens up what an attacker has closed: files without a right to read them, folders without a right
// to enter them.
#pragma once

#include <string>
#include <vector>

#include "base/file.h"

namespace bulkhead::supervisor {

// Gives the owner the right to read each file and folder of the generation that this process's user
// owns and cannot read, and answers which, relative to it. No link is followed. Root reads without.
// What cannot be changed is left: whoever reads next says so.
std::vector<std::string> make_readable(const Path& generation);

}  // namespace bulkhead::supervisor
