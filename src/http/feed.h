// Atom feeds (RFC 4287), and what is made of them, such as OPDS catalogues: elements are written in
// the order of the calls, and every text is escaped here. Which elements a feed or an entry must
// have is the caller's to know. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bulkhead::http {

inline constexpr std::string_view kAtomType = "application/atom+xml";

struct FeedLink {
  std::string_view relation;
  std::string_view type;
  std::string_view href;
  std::optional<std::uint64_t> length_bytes = {};
};

struct XmlNamespace {
  std::string_view prefix;
  std::string_view address;
};

class FeedWriter {
 public:
  // `namespaces` beside Atom's own, for elements such as "dc:issued".
  explicit FeedWriter(std::string_view language, const std::vector<XmlNamespace>& namespaces = {});

  // An empty text writes nothing.
  void element(std::string_view name, std::string_view text);
  void author(std::string_view name);
  void category(std::string_view term);
  void link(const FeedLink& link);
  // `type` is "text" or "html"; the latter is passed on as text, as Atom wants it.
  void content(std::string_view type, std::string_view text);
  // The feed's own language where `language` is empty. Elements belong to the entry until it ends.
  void begin_entry(std::string_view language = "");
  void end_entry();
  // The whole feed; nothing can be added afterwards.
  std::string finish() &&;

 private:
  std::string out_;
};

}  // namespace bulkhead::http
