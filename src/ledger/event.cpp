#include "ledger/event.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/text.h"
#include "crypto/sha256.h"
#include "ledger/tile_tree.h"

namespace bulkhead::ledger {
namespace {

json::Value canonical(const json::Value& value) {
  if (const json::Array* array = value.array()) {
    json::Array out;
    for (const json::Value& element : *array) out.push_back(canonical(element));
    return out;
  }
  const json::Object* object = value.object();
  if (!object) return value;
  std::vector<json::Member> members;
  for (const json::Member& member : object->members()) {
    // Of a key given twice, the first holds, as everywhere.
    if (object->find(member.key) != &member.value) continue;
    members.push_back({member.key, canonical(member.value)});
  }
  std::ranges::sort(members, {}, &json::Member::key);
  return json::Object(std::move(members));
}

std::string written(const Event& event, const json::Value& details) {
  return json::write(json::Object{{"time", to_rfc3339(event.time)},
                                  {"actor", event.actor},
                                  {"action", event.action},
                                  {"object", event.object},
                                  {"details", details}});
}

}  // namespace

Bytes encode_event(const Event& event) {
  const json::Value details = canonical(event.details);
  const std::string text = written(event, details);
  if (text.size() <= kEntrySizeMax) return to_bytes(text);
  const std::string long_details = json::write(details);
  return to_bytes(written(
      event, json::Object{{"left_out_sha256", to_hex(crypto::sha256(as_bytes(long_details)))},
                          {"left_out_size", std::uint64_t{long_details.size()}}}));
}

Result<Event> parse_event(ByteView entry) {
  const std::string_view text = as_text(entry);
  const json::Value value = TRY_CONTEXT(json::parse(text), "not an event");
  Event event;
  const std::string time = TRY(value["time"].to_string("time"));
  event.time = TRY_CONTEXT(from_rfc3339(time), "time");
  event.actor = TRY(value["actor"].to_string("actor"));
  event.action = TRY(value["action"].to_string("action"));
  event.object = TRY(value["object"].to_string("object"));
  const json::Object* details = value["details"].object();
  if (!details) return fail(ErrorKind::corrupt, "details is not an object");
  event.details = *details;
  if (as_text(encode_event(event)) != text) {
    return fail(ErrorKind::corrupt, "an event that is not in its one written form");
  }
  return event;
}

}  // namespace bulkhead::ledger
