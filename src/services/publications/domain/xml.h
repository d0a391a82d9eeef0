// pugixml with our limits and error texts. It expands no entities of a document type, so a small
// file stays small; names are compared without their prefix, since real books bind prefixes freely.
#pragma once

#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "base/bytes.h"
#include "base/result.h"

namespace bulkhead::services::publications::xml {

inline constexpr std::size_t kXmlSizeMax = 8 * 1024 * 1024;

// `name` stands for the file in errors, which are of kind corrupt (or limit).
Result<void> parse(pugi::xml_document& into, ByteView bytes, std::string_view name);

std::string_view local_name(const pugi::xml_node& node);
// The first child element of that local name; a null node where there is none.
pugi::xml_node child(const pugi::xml_node& parent, std::string_view name);
// All text below the node, white space collapsed and trimmed, at most `length_max` bytes (cut
// between characters).
std::string text(const pugi::xml_node& node, std::size_t length_max);

// The file that `reference` in the file `from` points to: percent-decoded, fragment removed, "../"
// resolved. "" where it leads out of the archive or to another host.
std::string resolve(std::string_view from, std::string_view reference);
// What follows '#', percent-decoded; "" where there is none.
std::string fragment_of(std::string_view reference);

}  // namespace bulkhead::services::publications::xml
