#include "http/feed.h"

#include <gtest/gtest.h>

namespace bulkhead::http {
namespace {

TEST(Feed, EscapesEveryTextAndLeavesOutEmptyElements) {
  FeedWriter feed("ar", {{"dc", "http://purl.org/dc/terms/"}});
  feed.element("title", "A & B");
  feed.element("subtitle", "");
  feed.author("<x>");
  feed.link({.relation = "self", .type = kAtomType, .href = "https://a/?b=\"&c"});
  feed.begin_entry("fr");
  feed.element("dc:issued", "2026");
  feed.category("\"sea\"");
  feed.link({.relation = "enclosure", .type = "a/b", .href = "/c", .length_bytes = 7});
  feed.content("html", "<p>é</p>");
  feed.end_entry();
  EXPECT_EQ(
      std::move(feed).finish(),
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
      "<feed xmlns=\"http://www.w3.org/2005/Atom\" "
      "xmlns:dc=\"http://purl.org/dc/terms/\" xml:lang=\"ar\">\n"
      "<title>A &amp; B</title>\n"
      "<author><name>&lt;x&gt;</name></author>\n"
      "<link rel=\"self\" type=\"application/atom+xml\" href=\"https://a/?b=&quot;&amp;c\"/>\n"
      "<entry xml:lang=\"fr\">\n<dc:issued>2026</dc:issued>\n"
      "<category term=\"&quot;sea&quot;\" label=\"&quot;sea&quot;\"/>\n"
      "<link rel=\"enclosure\" type=\"a/b\" href=\"/c\" length=\"7\"/>\n"
      "<content type=\"html\">&lt;p&gt;é&lt;/p&gt;</content>\n"
      "</entry>\n</feed>\n");
}

}  // namespace
}  // namespace bulkhead::http
