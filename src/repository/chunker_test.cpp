#include "repository/chunker.h"

#include <gtest/gtest.h>

#include "repository/ids.h"

namespace bulkhead::repository {
namespace {

// Of restic's own tests.
constexpr Polynomial kPolynomial = 0x3DA3358B4DC173;

std::vector<ByteView> chunks_of(ByteView bytes) {
  const Chunker chunker(kPolynomial);
  std::vector<ByteView> chunks;
  while (!bytes.empty()) {
    const std::size_t length =
        chunker.chunk_length(bytes.first(std::min(bytes.size(), kChunkSizeMax)));
    chunks.push_back(bytes.first(length));
    bytes = bytes.subspan(length);
  }
  return chunks;
}

TEST(Polynomial, KnowsWhichAreIrreducible) {
  // From polynomials_test.go of restic/chunker.
  for (const Polynomial p : {0x3DA3358B4DC173, 0x2482734cacca49}) EXPECT_TRUE(is_irreducible(p));
  for (const Polynomial p :
       {0x38f1e565e288df, 0x30a8295b9d5c91, 0x255f4350b962cb, 0x267f776110a235, 0x2f4dae10d41227,
        0x312daf4b284899, 0x29dfb6553d01d1, 0x3548245eb26257, 0x200d57aa6fdacb, 0x3143d0464b3299}) {
    EXPECT_FALSE(is_irreducible(static_cast<Polynomial>(p)));
  }
}

TEST(Polynomial, RandomOnesFitTheChunker) {
  SeededRandom random(5);
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(require_chunker_polynomial(random_chunker_polynomial(random)));
  }
  EXPECT_FALSE(require_chunker_polynomial(0));
  EXPECT_FALSE(require_chunker_polynomial(0x3DA3358B4DC172));
}

// The lengths and digests are those that restic 0.14 cuts this stream into, in a repository with
// this polynomial.
TEST(Chunker, CutsWhereResticCuts) {
  struct Expected {
    std::size_t length;
    std::string_view id;
  };
  constexpr Expected kExpected[] = {
      {2912048, "9d7da302"}, {1447877, "34f7d1b9"}, {989481, "b7dd3523"},  {2356960, "14dc6e26"},
      {762354, "e2fda14c"},  {755508, "f009d5b2"},  {1630276, "465bbff2"}, {703012, "870fc0da"},
      {871083, "85e4782e"},  {928835, "38fa70df"},  {1962091, "629c8cee"}, {703585, "0d88b505"},
      {802680, "270386ce"},  {1240800, "9ac11095"}, {902225, "7da3ee0d"},  {1749220, "bd2a1814"},
      {2186099, "8ff85ff0"}, {627640, "443cd15a"},  {2690046, "e7dd9a07"}, {823192, "99394d9f"},
      {2132536, "8e428b4b"}, {1339668, "817dd407"}, {1338340, "8a5d9756"}, {1524131, "3be01218"},
      {174745, "d9cf8082"}};
  const Bytes stream = SeededRandom(23).bytes(32 << 20);
  const auto chunks = chunks_of(stream);
  ASSERT_EQ(chunks.size(), std::size(kExpected));
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    EXPECT_EQ(chunks[i].size(), kExpected[i].length) << i;
    EXPECT_EQ(BlobId::of(chunks[i]).short_hex(), kExpected[i].id) << i;
  }
}

// chunks2 of chunker_test.go: zeros are cut at the minimum each time.
TEST(Chunker, CutsZerosAtTheMinimum) {
  const Bytes zeros(4 * kChunkSizeMin);
  const auto chunks = chunks_of(zeros);
  ASSERT_EQ(chunks.size(), 4u);
  for (const ByteView chunk : chunks) {
    EXPECT_EQ(BlobId::of(chunk).to_hex(),
              "07854d2fef297a06ba81685e660c332de36d5d18d546927d30daad6d7fda1541");
  }
}

TEST(Chunker, NeverCutsBelowTheMinimumOrBeyondTheMaximum) {
  const Bytes repeated(20 << 20, 0x5a);
  for (const ByteView chunk : chunks_of(repeated)) EXPECT_LE(chunk.size(), kChunkSizeMax);
  const Chunker chunker(kPolynomial);
  EXPECT_EQ(chunker.chunk_length({}), 0u);
  for (const std::size_t size : {std::size_t{1}, kChunkSizeMin - 1, kChunkSizeMin}) {
    EXPECT_EQ(chunker.chunk_length(Bytes(size, 9)), size);
  }
}

// As the format says it, one step after another.
std::size_t length_step_by_step(ByteView bytes) {
  constexpr std::uint64_t kMask = (1 << 20) - 1;
  const std::size_t limit = std::min(bytes.size(), kChunkSizeMax);
  for (std::size_t length = kChunkSizeMin; length < limit; ++length) {
    Polynomial digest = 0;
    for (const std::uint8_t byte : bytes.subspan(length - 64, 64)) {
      digest = modulo(digest << 8 | byte, kPolynomial);
    }
    if ((digest & kMask) == 0) return length;
  }
  return limit;
}

TEST(Chunker, FindsTheSameEndHoweverTheBytesCome) {
  const Bytes stream = SeededRandom(31).bytes(3 << 20);
  const Chunker chunker(kPolynomial);
  const std::size_t expected = length_step_by_step(stream);
  ASSERT_LT(expected, stream.size());
  EXPECT_EQ(chunker.chunk_length(stream), expected);
  for (const std::size_t step : {std::size_t{4099}, std::size_t{65536}, std::size_t{300'000}}) {
    std::size_t searched = 0;
    std::optional<std::size_t> found;
    for (std::size_t size = step; !found && size <= stream.size(); size += step) {
      found = chunker.find_end(ByteView(stream).first(size), searched);
      searched = size;
    }
    EXPECT_EQ(found, expected) << "in pieces of " << step;
  }
}

TEST(Chunker, EndsExactlyWhereTheBytesDo) {
  const Bytes stream = SeededRandom(31).bytes(3 << 20);
  const Chunker chunker(kPolynomial);
  const std::size_t end = chunker.chunk_length(stream);
  EXPECT_EQ(chunker.find_end(ByteView(stream).first(end), 0), end);
  EXPECT_EQ(chunker.find_end(ByteView(stream).first(end - 1), 0), std::nullopt);
  EXPECT_EQ(chunker.find_end(ByteView(stream).first(end), end - 1), end);
}

TEST(Chunker, FindsItsCutsAgainAfterAnInsertion) {
  Bytes stream = SeededRandom(99).bytes(16 << 20);
  const auto before = chunks_of(stream);
  const BlobId last = BlobId::of(before.back());
  stream.insert(stream.begin() + 1000, {1, 2, 3});
  EXPECT_EQ(BlobId::of(chunks_of(stream).back()), last);
}

}  // namespace
}  // namespace bulkhead::repository
