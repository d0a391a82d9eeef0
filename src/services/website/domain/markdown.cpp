// The one translation unit that includes cmark-gfm.
#include "services/website/domain/markdown.h"

#include <cstdlib>
#include <memory>
#include <mutex>

#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm-extension_api.h>
#include <cmark-gfm.h>

#include "base/text.h"

namespace bulkhead::services::website {
namespace {

constexpr int kOptions = CMARK_OPT_DEFAULT | CMARK_OPT_FOOTNOTES | CMARK_OPT_VALIDATE_UTF8;
constexpr const char* kExtensions[] = {"table", "strikethrough", "autolink"};

struct FreeParser {
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};
struct FreeNode {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
struct FreeIterator {
  void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
};

// cmark's registry of extensions is global and is filled without a lock.
void register_extensions() {
  static std::once_flag once;
  std::call_once(once, cmark_gfm_core_extensions_ensure_registered);
}

void append_word_break(std::string& text) {
  if (!text.empty() && text.back() != ' ') text += ' ';
}

void append_collapsed(std::string& text, std::string_view piece) {
  for (const char c : piece) {
    if (c == ' ' || c == '\n' || c == '\t' || c == '\r') {
      append_word_break(text);
    } else {
      text += c;
    }
  }
}

bool is_inline_text(cmark_node_type type) {
  return type == CMARK_NODE_TEXT || type == CMARK_NODE_CODE || type == CMARK_NODE_CODE_BLOCK;
}

bool is_block(cmark_node_type type) {
  return (type & CMARK_NODE_TYPE_MASK) == CMARK_NODE_TYPE_BLOCK;
}

// Demotes headings of the first level, and collects the text on the way.
std::string walk(cmark_node* root) {
  std::string text;
  const std::unique_ptr<cmark_iter, FreeIterator> iterator(cmark_iter_new(root));
  for (cmark_event_type event = cmark_iter_next(iterator.get()); event != CMARK_EVENT_DONE;
       event = cmark_iter_next(iterator.get())) {
    cmark_node* node = cmark_iter_get_node(iterator.get());
    const cmark_node_type type = cmark_node_get_type(node);
    if (event == CMARK_EVENT_ENTER && type == CMARK_NODE_HEADING &&
        cmark_node_get_heading_level(node) == 1) {
      cmark_node_set_heading_level(node, 2);
    }
    if (event == CMARK_EVENT_ENTER && is_inline_text(type)) {
      if (const char* literal = cmark_node_get_literal(node)) append_collapsed(text, literal);
    }
    const bool ends_a_word = type == CMARK_NODE_SOFTBREAK || type == CMARK_NODE_LINEBREAK ||
                             (event == CMARK_EVENT_EXIT && is_block(type));
    if (ends_a_word) append_word_break(text);
  }
  return std::string(trim(text));
}

}  // namespace

Result<RenderedMarkdown> render_markdown(std::string_view markdown) {
  if (markdown.size() > kMarkdownSizeMax) {
    return fail(ErrorKind::limit, "the text is longer than 1 MiB; divide it into several pages");
  }
  register_extensions();
  const std::unique_ptr<cmark_parser, FreeParser> parser(cmark_parser_new(kOptions));
  for (const char* name : kExtensions) {
    cmark_syntax_extension* extension = cmark_find_syntax_extension(name);
    if (!extension) return fail(ErrorKind::internal, "cmark-gfm lacks an extension");
    cmark_parser_attach_syntax_extension(parser.get(), extension);
  }
  cmark_parser_feed(parser.get(), markdown.data(), markdown.size());
  const std::unique_ptr<cmark_node, FreeNode> root(cmark_parser_finish(parser.get()));
  if (!root) return fail(ErrorKind::internal, "cmark-gfm answered no document");

  RenderedMarkdown out;
  out.text = walk(root.get());
  char* html =
      cmark_render_html(root.get(), kOptions, cmark_parser_get_syntax_extensions(parser.get()));
  out.html = html;
  std::free(html);  // NOLINT: cmark's default allocator is malloc
  return out;
}

}  // namespace bulkhead::services::website
