// Files that are built into bulkheadd: texts, style sheets, the gateway's Lua program.
#pragma once

#include <span>

#include "base/embedded.h"

namespace bulkhead::supervisor {

std::span<const bulkhead::EmbeddedFile> embedded_files();

}  // namespace bulkhead::supervisor
