// The links of a chapter that lead to other chapters, rewritten: the chapter is read in a frame
// that nobody outside can look into, so a link followed inside it would leave the contents list and
// the position behind. A link that leads to the whole page keeps both right, without JavaScript.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace bulkhead::services::publications {

// The address that a link to `file` (within the archive) and `fragment` is to have; "" leaves it.
using ChapterAddress = std::function<std::string(std::string_view file, std::string_view fragment)>;

// `file` is the chapter's own, against which its links are resolved. What is not rewritten, also
// what is no well-formed XHTML, stays byte for byte.
std::string with_chapter_links(std::string_view xhtml, std::string_view file,
                               const ChapterAddress& address);

}  // namespace bulkhead::services::publications
