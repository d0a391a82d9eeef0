// Hexadecimal text into and out of memory that is there already (bytes.h has the plain forms).
#pragma once

#include "base/bytes.h"

namespace bulkhead {

void append_hex(std::string& out, ByteView bytes);
// Fills `out` from twice as many digits; false where there is anything else.
bool read_hex(std::string_view text, MutableByteView out);

}  // namespace bulkhead
