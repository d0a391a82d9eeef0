// The parts of the format one by one: compression, packs, indexes, trees, names, snapshots, keys.
#include <gtest/gtest.h>

#include "base/file.h"
#include "repository/compression.h"
#include "repository/config.h"
#include "repository/exclude.h"
#include "repository/index.h"
#include "repository/key_file.h"
#include "repository/lock.h"
#include "repository/pack.h"
#include "repository/snapshot.h"
#include "repository/tree.h"

namespace bulkhead::repository {
namespace {

class Format : public testing::Test {
 protected:
  SeededRandom random_{1};
  const crypto::MasterKey key_ = crypto::MasterKey::generate(random_);

  struct Pack {
    PackId id;
    std::vector<PackedBlob> blobs;
    Bytes bytes;
  };
  Pack make_pack(int blobs) {
    PackBuilder builder(storage::UnnamedFile::in_memory().value());
    for (int i = 0; i < blobs; ++i) {
      const Bytes plaintext = random_.bytes(100 + static_cast<std::size_t>(i));
      const Bytes compressed = i % 2 ? compress(plaintext, 3) : plaintext;
      const Bytes sealed = key_.seal(compressed, random_);
      const auto added =
          builder.add({.type = BlobType::data,
                       .id = BlobId::of(plaintext),
                       .sealed_size = static_cast<std::uint32_t>(sealed.size()),
                       .raw_size = i % 2 ? static_cast<std::uint32_t>(plaintext.size()) : 0},
                      sealed);
      EXPECT_TRUE(added);
    }
    auto finished = PackBuilder::finish(std::move(builder), key_, random_).value();
    const MappedFile content = finished.file.map().value();
    return {finished.id, std::move(finished.blobs),
            Bytes(content.bytes().begin(), content.bytes().end())};
  }
};

TEST_F(Format, CompressionGivesBackWhatItTook) {
  for (const std::size_t size : {0, 1, 1000, 600'000}) {
    const Bytes plaintext(size, 'a');
    const Bytes compressed = compress(plaintext, 3);
    EXPECT_EQ(decompress_exactly(compressed, size).value(), plaintext);
    EXPECT_EQ(decompress_up_to(compressed, size).value(), plaintext);
  }
}

TEST_F(Format, CompressionFramesRandomBytesAsTheyAre) {
  for (const std::size_t size : {256u << 10, (256u << 10) + 1, (1u << 20) - 1, 1'234'567u}) {
    const Bytes plaintext = random_.bytes(size);
    const Bytes compressed = compress(plaintext, 3);
    EXPECT_LT(compressed.size(), size + 64);
    EXPECT_EQ(decompress_exactly(compressed, size).value(), plaintext);
    EXPECT_EQ(decompress_up_to(compressed, size).value(), plaintext);
    EXPECT_FALSE(decompress_exactly(ByteView(compressed).first(compressed.size() - 1), size));
  }
  // Bytes that repeat nothing, but of which a quarter never occur, do shrink.
  Bytes letters = random_.bytes(1 << 20);
  for (std::uint8_t& byte : letters) byte &= 0x3f;
  EXPECT_LT(compress(letters, 3).size(), letters.size() * 4 / 5);
}

TEST_F(Format, ContentOfRawBlocksIsFoundInPlace) {
  for (const std::size_t size : {256u << 10, (256u << 10) + 1, (1u << 20) - 1, 1'234'567u}) {
    const Bytes plaintext = random_.bytes(size);
    Bytes frame = compress(plaintext, 3);
    EXPECT_FALSE(content_in_place(frame, size - 1));
    EXPECT_FALSE(content_in_place(MutableByteView(frame).first(frame.size() - 1), size));
    const auto content = content_in_place(frame, size);
    ASSERT_TRUE(content);
    EXPECT_TRUE(std::ranges::equal(*content, plaintext));
  }
  const Bytes shrunk = compress(Bytes(500'000, 'a'), 3);
  Bytes kept = shrunk;
  EXPECT_FALSE(content_in_place(kept, 500'000));
  EXPECT_EQ(kept, shrunk);
}

TEST_F(Format, ContentInPlaceIsWhatZstdFindsWhateverTheHeaders) {
  const std::size_t size = 300'000;
  const Bytes plaintext = random_.bytes(size);
  const Bytes whole = compress(plaintext, 3);
  std::size_t taken = 0;
  // Every bit of the frame's header and of its blocks' headers, which alone decide.
  for (const std::size_t begin : {0u, 14u, 14u + 3 + (128u << 10), 14u + 6 + (256u << 10)}) {
    for (std::size_t bit = 0; bit < (begin == 0 ? 14 : 3) * 8u; ++bit) {
      Bytes frame = whole;
      frame[begin + bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
      const auto expected = decompress_exactly(frame, size);
      const Bytes before = frame;
      const auto content = content_in_place(frame, size);
      if (!content) {
        EXPECT_EQ(frame, before);
        continue;
      }
      ++taken;
      ASSERT_TRUE(expected) << "bit " << bit << " from " << begin;
      EXPECT_TRUE(std::ranges::equal(*content, *expected));
    }
  }
  EXPECT_GT(taken, 0u);  // windows of other sizes
}

TEST_F(Format, DecompressingInPiecesGivesTheWhole) {
  const auto in_pieces = [](ByteView compressed, std::size_t size) -> Result<Bytes> {
    Bytes whole;
    TRY(decompress_in_pieces(compressed, size, [&](ByteView piece) {
      whole.insert(whole.end(), piece.begin(), piece.end());
    }));
    return whole;
  };
  for (const std::size_t size : {0u, 1u, 65'536u, 65'537u, 3'000'000u}) {
    Bytes plaintext = random_.bytes(size);
    for (std::uint8_t& byte : plaintext) byte &= 0x3f;
    const Bytes compressed = compress(plaintext, 3);
    EXPECT_EQ(in_pieces(compressed, size).value(), plaintext);
    EXPECT_FALSE(in_pieces(compressed, size + 1));
    if (size > 0) {
      EXPECT_FALSE(in_pieces(compressed, size - 1));
    }
    EXPECT_FALSE(in_pieces(ByteView(compressed).first(compressed.size() - 1), size));
    Bytes followed = compressed;
    followed.push_back(0);
    EXPECT_FALSE(in_pieces(followed, size));
  }
}

TEST_F(Format, CompressionRefusesEveryWrongLength) {
  const Bytes compressed = compress(Bytes(1000, 'a'), 3);
  EXPECT_FALSE(decompress_exactly(compressed, 999));
  EXPECT_FALSE(decompress_exactly(compressed, 1001));
  EXPECT_EQ(decompress_up_to(compressed, 999).error().kind(), ErrorKind::limit);
  EXPECT_FALSE(decompress_up_to(ByteView(compressed).first(compressed.size() - 1), 5000));
  Bytes followed = compressed;
  followed.push_back(0);
  EXPECT_FALSE(decompress_up_to(followed, 5000));
  EXPECT_FALSE(decompress_exactly({}, 10));
}

TEST_F(Format, PackTellsItsBlobs) {
  const auto pack = make_pack(5);
  EXPECT_EQ(PackId::of(pack.bytes), pack.id);
  EXPECT_EQ(pack.bytes.size(), pack_size_of(pack.blobs));
  const auto header = read_pack_header(pack.bytes, key_);
  ASSERT_TRUE(header) << header.error().message();
  EXPECT_EQ(*header, pack.blobs);
  for (const PackedBlob& blob : *header) {
    EXPECT_TRUE(open_blob(key_, blob, ByteView(pack.bytes).subspan(blob.offset, blob.sealed_size)));
  }
}

TEST_F(Format, PacksTakeOverWhatAnotherHolds) {
  // Shorter and longer than what is written together.
  const auto fill = [&](PackBuilder& builder, std::initializer_list<std::size_t> sizes) {
    for (const std::size_t size : sizes) {
      const Bytes plaintext = random_.bytes(size);
      const Bytes sealed = key_.seal(plaintext, random_);
      EXPECT_TRUE(builder.add({.type = BlobType::data,
                               .id = BlobId::of(plaintext),
                               .sealed_size = static_cast<std::uint32_t>(sealed.size())},
                              sealed));
    }
  };
  PackBuilder one(storage::UnnamedFile::in_memory().value());
  PackBuilder two(storage::UnnamedFile::in_memory().value());
  fill(one, {300'000, 5, 200'000, 100'000});
  fill(two, {7, 1'000'000, 9});
  ASSERT_TRUE(one.add_all(two));
  const auto pack = PackBuilder::finish(std::move(one), key_, random_).value();
  const MappedFile content = pack.file.map().value();
  EXPECT_EQ(PackId::of(content.bytes()), pack.id);
  EXPECT_EQ(read_pack_header(content.bytes(), key_).value(), pack.blobs);
  ASSERT_EQ(pack.blobs.size(), 7U);
  for (const PackedBlob& blob : pack.blobs) {
    EXPECT_TRUE(open_blob(key_, blob, content.bytes().subspan(blob.offset, blob.sealed_size)));
  }
}

TEST_F(Format, BlobsAreVerifiedAsTheyAreOpened) {
  const auto pack = make_pack(4);
  BlobOpener opener(key_);
  for (PackedBlob blob : pack.blobs) {
    const ByteView sealed = ByteView(pack.bytes).subspan(blob.offset, blob.sealed_size);
    Bytes once(sealed.begin(), sealed.end());
    Bytes twice = once;
    Bytes damaged = once;
    EXPECT_TRUE(opener.verify(blob, once));
    EXPECT_EQ(BlobId::of(opener.open(blob, twice).value()), blob.id);
    ++damaged[20];
    EXPECT_EQ(opener.verify(blob, damaged).error().kind(), ErrorKind::corrupt);
    blob.id = BlobId::of(as_bytes("other"));
    Bytes other(sealed.begin(), sealed.end());
    EXPECT_EQ(opener.verify(blob, other).error().kind(), ErrorKind::corrupt);
  }
}

TEST_F(Format, PackReaderRejectsHeaderLongerThanFile) {
  auto pack = make_pack(2);
  for (const std::uint32_t length :
       {0u, 20u, static_cast<std::uint32_t>(pack.bytes.size()), UINT32_MAX}) {
    pack.bytes.resize(pack.bytes.size() - 4);
    append_u32le(pack.bytes, length);
    EXPECT_EQ(read_pack_header(pack.bytes, key_).error().kind(), ErrorKind::corrupt);
  }
}

TEST_F(Format, PackReaderRejectsEveryShorterFile) {
  const auto pack = make_pack(2);
  for (std::size_t size = 0; size < pack.bytes.size(); ++size) {
    EXPECT_FALSE(read_pack_header(ByteView(pack.bytes).first(size), key_));
  }
}

TEST_F(Format, BlobThatIsNotWhatItsIdSaysIsCorrupt) {
  const Bytes sealed = key_.seal(as_bytes("other"), random_);
  const PackedBlob blob{.type = BlobType::data,
                        .id = BlobId::of(as_bytes("this")),
                        .sealed_size = static_cast<std::uint32_t>(sealed.size())};
  EXPECT_EQ(open_blob(key_, blob, sealed).error().kind(), ErrorKind::corrupt);
}

TEST_F(Format, IndexComesBackAsItWas) {
  const auto pack = make_pack(3);
  const std::string text = encode_index({{pack.id, pack.blobs}});
  EXPECT_EQ(text.back(), '\n');
  const auto packs = decode_index(text);
  ASSERT_TRUE(packs) << packs.error().message();
  ASSERT_EQ(packs->size(), 1u);
  EXPECT_EQ(packs->front().id, pack.id);
  EXPECT_EQ(packs->front().blobs, pack.blobs);
}

TEST_F(Format, IndexIgnoresKeysItDoesNotKnow) {
  const auto packs = decode_index(
      R"({"supersedes":["x"],"packs_to_delete":[{"id":"y"}],"packs":[{"id":")" +
      std::string(64, 'a') + R"(","time":"2026-01-01T00:00:00Z","size":5,"blobs":[]}]})");
  ASSERT_TRUE(packs) << packs.error().message();
  EXPECT_EQ(packs->size(), 1u);
  EXPECT_TRUE(decode_index(R"({"packs":null})")->empty());
}

TEST_F(Format, IndexRefusesBlobsThatCannotBe) {
  const auto with = [](std::string_view blob) {
    return R"({"packs":[{"id":")" + std::string(64, 'a') + R"(","blobs":[)" + std::string(blob) +
           "]}]}";
  };
  const std::string id(64, 'b');
  for (const std::string& blob :
       {std::string(R"({"id":"zz","type":"data","offset":0,"length":40})"),
        R"({"id":")" + id + R"(","type":"other","offset":0,"length":40})",
        R"({"id":")" + id + R"(","type":"data","offset":-1,"length":40})",
        R"({"id":")" + id + R"(","type":"data","offset":0,"length":31})",
        R"({"id":")" + id + R"(","type":"data","offset":0,"length":4294967296})",
        R"({"id":")" + id +
            R"(","type":"data","offset":0,"length":40,"uncompressed_length":4294967295})"}) {
    EXPECT_EQ(decode_index(with(blob)).error().kind(), ErrorKind::corrupt) << blob;
  }
}

TEST(Names, AreQuotedAsGoDoes) {
  const std::pair<std::string, std::string> pairs[] = {{"plain", "plain"},
                                                       {"a\"b\\c", "a\\\"b\\\\c"},
                                                       {"\n\t\a", "\\n\\t\\a"},
                                                       {"\xff\xfe", "\\xff\\xfe"},
                                                       {"caf\xc3\xa9", "caf\xc3\xa9"},
                                                       {"\x01\x7f", "\\x01\\x7f"},
                                                       {"\xe2\x80\x8b", "\\u200b"},
                                                       {"\xc2\xa0", "\\u00a0"},
                                                       {"\xf3\xa0\x80\x81", "\\U000e0001"},
                                                       {"it's", "it's"},
                                                       {"\xf0\x9f\x9a\xa2", "\xf0\x9f\x9a\xa2"},
                                                       {"\xed\xa0\x80", "\\xed\\xa0\\x80"}};
  for (const auto& [raw, quoted] : pairs) {
    EXPECT_EQ(quote_name(raw), quoted);
    EXPECT_EQ(unquote_name(quoted).value(), raw);
  }
  EXPECT_EQ(unquote_name("\\101\\'").value(), "A'");
  for (const char* bad :
       {"\\", "\\q", "\\x4", "\\ud800", "\\U00110000", "\\400", "a\"b", "\\u12"}) {
    EXPECT_FALSE(unquote_name(bad)) << bad;
  }
}

TEST(Names, ComeBackWhateverTheirBytes) {
  SeededRandom random(3);
  for (int i = 0; i < 2000; ++i) {
    const Bytes bytes = random.bytes(random.below(20));
    const std::string raw(as_text(bytes));
    EXPECT_EQ(unquote_name(quote_name(raw)).value(), raw);
  }
}

Tree example_tree() {
  Node file{.name = "a\xff", .mode = 04755, .size = 3, .links = 1};
  file.modified = WallTime(std::chrono::nanoseconds(1'600'000'000'123'400'000));
  file.extended_attributes = {{"user.x", {0, 1, 255}}};
  file.content = {BlobId::of(as_bytes("abc"))};
  Node folder{.name = "b", .type = NodeType::directory, .mode = 01777};
  folder.subtree = BlobId::of(as_bytes("tree"));
  Node link{.name = "c", .type = NodeType::symlink, .mode = 0777};
  link.link_target = "\xfe<&>";
  Node device{.name = "d", .type = NodeType::character_device, .mode = 0666};
  device.device = 259;
  return Tree{{file, folder, link, device}};
}

TEST(TreeFormat, ComesBackAsItWas) {
  const Tree tree = example_tree();
  const auto decoded = decode_tree(encode_tree(tree));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(decoded->nodes, tree.nodes);
}

// Taken from `restic cat blob`, restic 0.14.
TEST(TreeFormat, IsByteForByteRestics) {
  const std::string text =
      R"({"nodes":[{"name":"zero","type":"file","mode":420,"mtime":"2026-11-21T23:04:07.009109617Z",)"
      R"("atime":"2026-11-21T23:04:07.009109617Z","ctime":"2026-11-21T23:04:07.009109617Z",)"
      R"("uid":0,"gid":0,"user":"root","group":"root","inode":10953985,"device_id":65024,)"
      R"("links":1,"content":[]}]})"
      "\n";
  const auto tree = decode_tree(text);
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(encode_tree(*tree), text);
  EXPECT_EQ(encode_tree(Tree{}), "{\"nodes\":[]}\n");
}

TEST(TreeFormat, RefusesNamesThatWouldLeadARestoreAstray) {
  for (const char* name : {"", ".", "..", "a/b", "/etc", "a\\u0000b", "..\\u002fx"}) {
    const std::string text =
        std::string(R"({"nodes":[{"name":")") + name + R"(","type":"file","content":[]}]})";
    EXPECT_EQ(decode_tree(text).error().kind(), ErrorKind::corrupt) << name;
  }
}

TEST(TreeFormat, RefusesNodesOutOfOrderAndTwice) {
  for (const char* names : {"ba", "aa"}) {
    std::string text = R"({"nodes":[)";
    for (int i = 0; i < 2; ++i) {
      text += std::string(i ? "," : "") + R"({"name":")" + names[i] +
              R"(","type":"file","content":[]})";
    }
    EXPECT_EQ(decode_tree(text + "]}").error().kind(), ErrorKind::corrupt) << names;
  }
}

TEST(TreeFormat, RefusesFilesWithoutContentAndFoldersWithoutTree) {
  for (const char* node : {R"({"name":"a","type":"file","content":null})",
                           R"({"name":"a","type":"dir"})", R"({"name":"a","type":"irregular"})"}) {
    EXPECT_FALSE(decode_tree(std::string(R"({"nodes":[)") + node + "]}")) << node;
  }
}

TEST(TreeFormat, TakesGosZeroTimeAs1970) {
  const auto tree = decode_tree(
      R"({"nodes":[{"name":"a","type":"file","mtime":"0001-01-01T00:00:00Z","content":[]}]})");
  ASSERT_TRUE(tree) << tree.error().message();
  EXPECT_EQ(tree->nodes[0].modified, WallTime{});
}

TEST(SnapshotFormat, ComesBackAsItWas) {
  Snapshot snapshot;
  snapshot.time = WallTime(std::chrono::seconds(1'601'446'500));
  snapshot.tree = BlobId::of(as_bytes("tree"));
  snapshot.parent = SnapshotId::of(as_bytes("parent"));
  snapshot.paths = {"/srv/website"};
  snapshot.hostname = "london";
  snapshot.tags = {"evidence"};
  snapshot.summary = SnapshotSummary{.files_new = 7};
  const auto decoded = decode_snapshot(encode_snapshot(snapshot));
  ASSERT_TRUE(decoded) << decoded.error().message();
  EXPECT_EQ(encode_snapshot(*decoded), encode_snapshot(snapshot));
  EXPECT_EQ(decoded->summary->files_new, 7u);
  EXPECT_FALSE(decode_snapshot(R"({"time":"2026-01-01T00:00:00Z","tree":"no"})"));
}

TEST(SnapshotFilterRules, TakeAllOfATagListAndAnyOfSeveral) {
  const Snapshot snapshot{.paths = {"/a", "/b"}, .hostname = "london", .tags = {"x", "y"}};
  EXPECT_TRUE(SnapshotFilter{}.matches(snapshot));
  EXPECT_TRUE((SnapshotFilter{.tags = {{"x", "y"}}}.matches(snapshot)));
  EXPECT_FALSE((SnapshotFilter{.tags = {{"x", "z"}}}.matches(snapshot)));
  EXPECT_TRUE((SnapshotFilter{.tags = {{"z"}, {"x"}}}.matches(snapshot)));
  EXPECT_TRUE((SnapshotFilter{.hosts = {"geneva", "london"}}.matches(snapshot)));
  EXPECT_FALSE((SnapshotFilter{.hosts = {"geneva"}}.matches(snapshot)));
  EXPECT_TRUE((SnapshotFilter{.paths = {"/a"}}.matches(snapshot)));
  EXPECT_FALSE((SnapshotFilter{.paths = {"/a", "/c"}}.matches(snapshot)));
}

TEST_F(Format, KeyFileOpensWithItsPasswordAlone) {
  const auto text = encode_key_file(key_, "password",
                                    {.username = "u", .hostname = "h", .cost = {.n = 16}}, random_);
  ASSERT_TRUE(text) << text.error().message();
  const auto opened = open_key_file(*text, "password");
  ASSERT_TRUE(opened) << opened.error().message();
  EXPECT_EQ(to_hex(opened->encrypt_part()), to_hex(key_.encrypt_part()));
  EXPECT_EQ(to_hex(opened->mac_k_part()), to_hex(key_.mac_k_part()));
  EXPECT_EQ(to_hex(opened->mac_r_part()), to_hex(key_.mac_r_part()));
  EXPECT_EQ(open_key_file(*text, "Password").error().kind(), ErrorKind::denied);
}

TEST_F(Format, KeyFileWithAHugeCostIsRefusedBeforeAnyWork) {
  const std::string salt = to_base64(Bytes(64, 1));
  const std::string text =
      R"({"kdf":"scrypt","N":1099511627776,"r":8,"p":1,"salt":")" + salt + R"(","data":"AAAA"})";
  EXPECT_EQ(open_key_file(text, "x").error().kind(), ErrorKind::limit);
}

TEST(ConfigFormat, RefusesOtherVersionsAndReduciblePolynomials) {
  const auto with = [](int version, std::string_view polynomial) {
    return R"({"version":)" + std::to_string(version) + R"(,"id":")" + std::string(64, 'a') +
           R"(","chunker_polynomial":")" + std::string(polynomial) + "\"}";
  };
  EXPECT_TRUE(decode_config(with(2, "3da3358b4dc173")));
  EXPECT_TRUE(decode_config(with(1, "3da3358b4dc173")));
  EXPECT_FALSE(decode_config(with(3, "3da3358b4dc173")));
  EXPECT_FALSE(decode_config(with(2, "3da3358b4dc172")));
  EXPECT_FALSE(decode_config(with(2, "0x3da3358b4dc173")));
  EXPECT_FALSE(decode_config(with(2, "")));
}

TEST(LockRules, AreStaleWhenOldOrWhenTheirProcessIsGone) {
  const WallTime now = WallTime(std::chrono::hours(1000));
  LockInfo lock{.time = now, .exclusive = true, .hostname = "here", .pid = 1};
  EXPECT_FALSE(is_stale(lock, now, "here"));
  EXPECT_FALSE(is_stale(lock, now + std::chrono::minutes(29), "here"));
  EXPECT_TRUE(is_stale(lock, now + std::chrono::minutes(31), "here"));
  lock.pid = 0x7ffffff0;  // above any process id of Linux
  EXPECT_TRUE(is_stale(lock, now, "here"));
  EXPECT_FALSE(is_stale(lock, now, "elsewhere"));
}

TEST(PathPatternsRules, FollowRestics) {
  const auto match = [](std::vector<std::string> patterns, std::string_view path) {
    return PathPatterns(patterns).match(path);
  };
  EXPECT_TRUE(match({"*.tmp"}, "/srv/a.tmp"));
  EXPECT_TRUE(match({"cache"}, "/srv/cache/x/y"));
  EXPECT_FALSE(match({"cache"}, "/srv/cached"));
  EXPECT_TRUE(match({"/srv/*"}, "/srv/a/b"));
  EXPECT_FALSE(match({"/srv"}, "/home/srv"));
  EXPECT_TRUE(match({"/srv/**/x"}, "/srv/a/b/x"));
  EXPECT_TRUE(match({"/srv/**/x"}, "/srv/x"));
  EXPECT_FALSE(match({"*.tmp", "!keep.tmp"}, "/srv/keep.tmp"));
  EXPECT_TRUE(match({"a/b"}, "/x/a/b/c"));
  EXPECT_FALSE(match({}, "/x"));
  EXPECT_TRUE(match({"!keep.tmp", "*.tmp"}, "/srv/keep.tmp")) << "the last one decides";
  EXPECT_TRUE(match({"./a/"}, "/x/a"));
  EXPECT_TRUE(PathPatterns({"/srv/a/b"}).could_match_below("/srv"));
  EXPECT_FALSE(PathPatterns({"/srv/a/b"}).could_match_below("/home"));
}

TEST(PathPatternsRules, MatchLettersRatherThanBytes) {
  const auto match = [](const char* pattern, std::string_view path) {
    return PathPatterns({pattern}).match(path);
  };
  EXPECT_TRUE(match("?", "/船"));
  EXPECT_TRUE(match("a?c",
                    "/a\xff"
                    "c"))
      << "a byte that is not UTF-8 is one letter";
  EXPECT_TRUE(match("[а-я]*", "/кот"));
  EXPECT_FALSE(match("[^а-я]*", "/кот"));
  EXPECT_TRUE(match("[^a]x", "/bx"));
  EXPECT_TRUE(match("\\*", "/*"));
  EXPECT_FALSE(match("\\*", "/a"));
  EXPECT_TRUE(match("*a*b*c", "/xxaxxbxxbxxc"));
  EXPECT_FALSE(match("*a*b*c", "/xxaxxbxxbxxcx"));
  EXPECT_FALSE(match("[a", "/a"));
  EXPECT_TRUE(match("*", "/.hidden"));
}

TEST(PathPatternsRules, IgnoreCaseWhereTold) {
  const auto match = [](const char* pattern, std::string_view path) {
    return PathPatterns({}, {pattern}).match(path);
  };
  EXPECT_TRUE(match("*.JPG", "/a.jpg"));
  EXPECT_TRUE(match("*.jpg", "/a.JPG"));
  EXPECT_TRUE(match("ŽLUŤOUČKÝ", "/žluťoučký"));
  EXPECT_TRUE(match("кот", "/КОТ"));
  EXPECT_TRUE(match("[A-F]x", "/cX"));
  EXPECT_FALSE(PathPatterns({"*.JPG"}).match("/a.jpg"));
}

TEST(PathPatternsRules, RefuseWhatMeansNothing) {
  EXPECT_TRUE(require_patterns({"a/[a-z]/*.t?t", "!b", "**/x", "\\["}));
  for (const char* pattern : {"[a", "a/[", "[]", "[a-]", "x\\"}) {
    const auto refused = require_patterns({pattern});
    ASSERT_FALSE(refused) << pattern;
    EXPECT_EQ(refused.error().kind(), ErrorKind::invalid);
  }
}

}  // namespace
}  // namespace bulkhead::repository
