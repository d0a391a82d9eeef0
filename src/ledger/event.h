// What the ledger records, and its one written form: a JSON object without white space, its members
// in the order below, those inside `details` sorted by their keys' bytes, text escaped as the rest
// of Bulkhead writes it (docs/formats/ledger.md). The same event has the same bytes everywhere.
#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/clock.h"
#include "json/value.h"

namespace bulkhead::ledger {

struct Event {
  WallTime time;
  std::string actor;   // who says so: "supervisor", "service:gisis", "vault"
  std::string action;  // a dotted verb: "exposure.changed"
  std::string object;  // what it was done to; empty: the whole estate
  json::Object details;
};

// Details that would make it longer than an entry may be are replaced by their size and SHA-256.
Bytes encode_event(const Event& event);
// Kind corrupt for anything but the one written form.
Result<Event> parse_event(ByteView entry);

}  // namespace bulkhead::ledger
