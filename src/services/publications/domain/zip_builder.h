// Writes ZIP archives for tests, uncompressed, and also such as no honest program writes: any name,
// any announced size. Format: APPNOTE.TXT sections 4.3.7, 4.3.12 and 4.3.16. Only tests include
// this.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace bulkhead::services::publications {

class ZipBuilder {
 public:
  struct Lie {
    std::optional<std::uint32_t> uncompressed_size;
  };

  ZipBuilder& add(std::string_view name, std::string_view content, const Lie& lie = {}) {
    const auto offset = static_cast<std::uint32_t>(out_.size());
    const std::uint32_t crc = crc32(content);
    const auto size = static_cast<std::uint32_t>(content.size());
    const std::uint32_t announced = lie.uncompressed_size.value_or(size);
    append_u32le(out_, 0x04034b50);
    append_fields(out_, crc, size, announced, name);
    append(out_, name);
    append(out_, content);

    append_u32le(directory_, 0x02014b50);
    append_u16(directory_, 20);  // made by
    append_fields(directory_, crc, size, announced, name);
    append_u16(directory_, 0);    // length of the comment
    append_u16(directory_, 0);    // disk
    append_u16(directory_, 0);    // internal attributes
    append_u32le(directory_, 0);  // external attributes
    append_u32le(directory_, offset);
    append(directory_, name);
    ++count_;
    return *this;
  }

  Bytes build() const {
    Bytes out = out_;
    const auto directory_offset = static_cast<std::uint32_t>(out.size());
    out.insert(out.end(), directory_.begin(), directory_.end());
    append_u32le(out, 0x06054b50);
    append_u32le(out, 0);  // disks
    append_u16(out, count_);
    append_u16(out, count_);
    append_u32le(out, static_cast<std::uint32_t>(directory_.size()));
    append_u32le(out, directory_offset);
    append_u16(out, 0);  // length of the comment
    return out;
  }

 private:
  static void append_u16(Bytes& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
  }
  static void append(Bytes& out, std::string_view text) {
    out.insert(out.end(), text.begin(), text.end());
  }
  // What a local header and an entry of the directory have in common.
  static void append_fields(Bytes& out, std::uint32_t crc, std::uint32_t size,
                            std::uint32_t announced, std::string_view name) {
    append_u16(out, 20);      // needed version
    append_u16(out, 0x0800);  // names are UTF-8
    append_u16(out, 0);       // stored
    append_u16(out, 0);       // time
    append_u16(out, 0x21);    // date: 1 January 1980
    append_u32le(out, crc);
    append_u32le(out, size);
    append_u32le(out, announced);
    append_u16(out, static_cast<std::uint16_t>(name.size()));
    append_u16(out, 0);  // length of the extra field
  }
  static std::uint32_t crc32(std::string_view text) {
    std::uint32_t crc = ~0u;
    for (const char c : text) {
      crc ^= static_cast<unsigned char>(c);
      for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0u);
    }
    return ~crc;
  }

  Bytes out_;
  Bytes directory_;
  std::uint16_t count_ = 0;
};

inline constexpr std::string_view kTestContainer =
    R"(<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OPS/package.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>)";

inline constexpr std::string_view kTestPackage = R"(<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="other">isbn:1</dc:identifier><dc:identifier id="id">urn:uuid:42</dc:identifier>
<dc:title>Signals &amp; Flags</dc:title><dc:creator>A. Haddad</dc:creator>
<dc:creator>B. Ivanova</dc:creator><dc:language>fr-CA</dc:language><dc:date>2026-03-04T00:00:00Z</dc:date>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="c1" href="text/one.xhtml" media-type="application/xhtml+xml"/>
<item id="c2" href="text/two%20%C3%A9.xhtml" media-type="application/xhtml+xml"/>
<item id="css" href="style.css" media-type="text/css"/>
<item id="cov" href="cover.png" media-type="image/png" properties="cover-image"/>
<item id="far" href="https://example.org/a.mp3" media-type="audio/mpeg"/>
<item id="out" href="../../outside.xhtml" media-type="application/xhtml+xml"/>
</manifest>
<spine page-progression-direction="rtl"><itemref idref="c1"/><itemref idref="c2"/>
<itemref idref="nowhere"/><itemref idref="c1"/></spine>
</package>)";

inline constexpr std::string_view kTestNavigation =
    R"(<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops"><body>
<nav epub:type="landmarks"><ol><li><a href="text/one.xhtml">Start</a></li></ol></nav>
<section><nav epub:type="toc"><h1>Contents</h1><ol>
<li><a href="text/one.xhtml">One</a><ol><li><a href="text/one.xhtml#b">One  <em>B</em></a></li></ol></li>
<li><span>Part</span><ol><li><a href="text/two%20%C3%A9.xhtml">Two</a></li>
<li><a href="../../etc/passwd">Outside</a></li></ol></li>
</ol></nav></section></body></html>)";

inline ZipBuilder test_book() {
  ZipBuilder zip;
  zip.add("mimetype", "application/epub+zip")
      .add("META-INF/container.xml", kTestContainer)
      .add("OPS/package.opf", kTestPackage)
      .add("OPS/nav.xhtml", kTestNavigation)
      .add("OPS/text/one.xhtml",
           "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>One</title></head>"
           "<body><p>First, <a "
           "href=\"two%20%C3%A9.xhtml#s\">then</a></p><script>alert(1)</script></body></html>")
      .add("OPS/text/two \xC3\xA9.xhtml",
           "<html xmlns=\"http://www.w3.org/1999/xhtml\"><head><title>Two</title></head>"
           "<body><p>Second</p></body></html>")
      .add("OPS/style.css", "p { margin: 0 }")
      .add("OPS/cover.png", "\x89PNG\r\n\x1a\n")
      .add("OPS/secret.txt", "not in the manifest");
  return zip;
}

}  // namespace bulkhead::services::publications
