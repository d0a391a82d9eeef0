#include <gtest/gtest.h>

#include "crypto/master_key.h"
#include "crypto/scrypt.h"
#include "crypto/sha256.h"

namespace bulkhead::crypto {
namespace {

Bytes hex(std::string_view text) { return from_hex(text).value(); }

// Vectors of Bernstein's paper "The Poly1305-AES message-authentication code", appendix B.
TEST(Poly1305Aes, AnswersThePapersVectors) {
  struct Vector {
    std::string_view message, r, k, nonce, tag;
  };
  const Vector vectors[] = {
      {"f3f6", "851fc40c3467ac0be05cc20404f3f700", "ec074c835580741701425b623235add6",
       "fb447350c4e868c52ac3275cf9d4327e", "f4c633c3044fc145f84f335cb81953de"},
      {"", "a0f3080000f46400d0c7e9076c834403", "75deaa25c09f208e1dc4ce6b5cad3fbf",
       "61ee09218d29b0aaed7e154a2c5509cc", "dd3fab2251f11ac759f0887129cc2ee7"},
      {"663cea190ffb83d89593f3f476b6bc24d7e679107ea26adb8caf6652d0656136",
       "48443d0bb0d21109c89a100b5ce2c208", "6acb5f61a7176dd320c5c1eb2edcdc74",
       "ae212a55399729595dea458bc621ff0e", "0ee1c16bb73f0f4fd19881753c01cdbe"},
      {"ab0812724a7f1e342742cbed374d94d136c6b8795d45b3819830f2c04491faf0"
       "990c62e48b8018b2c3e4a0fa3134cb67fa83e158c994d961c4cb21095c1bf9",
       "12976a08c4426d0ce8a82407c4f48207", "e1a5668a4d5b66a5f68cc5424ed5982d",
       "9ae831e743978d3a23527c7128149e3a", "5154ad0d2cb26e01274fc51148491f1b"},
  };
  for (const Vector& vector : vectors) {
    const auto tag =
        poly1305_aes(hex(vector.message), hex(vector.nonce), hex(vector.k), hex(vector.r));
    EXPECT_EQ(to_hex(tag), vector.tag);
  }
}

MasterKey key_of_restics_vector() {
  return MasterKey::from_bytes(
             hex("303e8687b1d7db18421bdc6bb8588ccadac4d59ee87b8ff70c44e635790cafef"
                 "ef4d8824cb80b2bcc5fbff8a9b12a42ccc8d4b948ee0ebfe1d415de921d10353"))
      .value();
}

const std::string_view kResticsSealed =
    "69fb41c62d12def4593bd71757138606338f621aeaeb39da0fe4f99233f8037a"
    "54ea63338a813bcf3f75d8c3cc75dddf8750";

TEST(MasterKey, UnsealsResticsVector) {
  const auto plaintext = key_of_restics_vector().unseal(hex(kResticsSealed));
  ASSERT_TRUE(plaintext) << plaintext.error().message();
  EXPECT_EQ(as_text(*plaintext), "Dies ist ein Test!");
}

TEST(MasterKey, RefusesEveryFlippedBit) {
  const MasterKey key = key_of_restics_vector();
  Bytes sealed = hex(kResticsSealed);
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
    const auto plaintext = key.unseal(sealed);
    ASSERT_FALSE(plaintext) << "bit " << bit;
    EXPECT_EQ(plaintext.error().kind(), ErrorKind::corrupt);
    sealed[bit / 8] ^= static_cast<std::uint8_t>(1u << bit % 8);
  }
}

TEST(MasterKey, RefusesWhatIsShorterThanTheOverhead) {
  const MasterKey key = key_of_restics_vector();
  for (std::size_t size = 0; size < kSealOverhead; ++size) {
    EXPECT_FALSE(key.unseal(Bytes(size, 7)));
  }
}

TEST(MasterKey, SealsAndUnsealsAnyLength) {
  SeededRandom random(1);
  const MasterKey key = MasterKey::generate(random);
  for (const std::size_t size : {0, 1, 15, 16, 17, 4096, 100'003}) {
    const Bytes plaintext = random.bytes(size);
    const Bytes sealed = key.seal(plaintext, random);
    ASSERT_EQ(sealed.size(), size + kSealOverhead);
    const auto back = key.unseal(sealed);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, plaintext);
  }
}

TEST(MasterKey, NeverSealsTwiceWithTheSameIv) {
  SystemRandom random;
  const MasterKey key = MasterKey::generate(random);
  EXPECT_NE(key.seal(as_bytes("same"), random), key.seal(as_bytes("same"), random));
}

TEST(MasterKey, RefusesAllZeroParts) {
  for (const auto& [start, size] : {std::pair{0, 32}, {32, 16}, {48, 16}}) {
    Bytes bytes(kMasterKeySize, 1);
    std::fill_n(bytes.begin() + start, size, std::uint8_t{0});
    EXPECT_FALSE(MasterKey::from_bytes(bytes));
  }
  EXPECT_FALSE(MasterKey::from_bytes(Bytes(63, 1)));
}

// RFC 7914 section 12.
TEST(Scrypt, AnswersTheRfcsVectors) {
  const auto empty = scrypt({}, {}, {.n = 16, .r = 1, .p = 1}, 64);
  ASSERT_TRUE(empty);
  EXPECT_EQ(to_hex(empty->view()),
            "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
            "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906");
  const auto password =
      scrypt(as_bytes("password"), as_bytes("NaCl"), {.n = 1024, .r = 8, .p = 16}, 64);
  ASSERT_TRUE(password);
  EXPECT_EQ(to_hex(password->view()),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
            "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640");
}

TEST(Scrypt, RefusesCostsThatWouldExhaustTheMachine) {
  for (const ScryptCost& cost : {ScryptCost{.n = std::uint64_t{1} << 40, .r = 8, .p = 1},
                                 ScryptCost{.n = std::uint64_t{1} << 20, .r = 1 << 20, .p = 1},
                                 ScryptCost{.n = 1024, .r = 8, .p = 1'000'000}}) {
    const auto refused = scrypt(as_bytes("x"), as_bytes("y"), cost, 64);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::limit);
  }
  for (const ScryptCost& cost :
       {ScryptCost{.n = 0}, ScryptCost{.n = 1000}, ScryptCost{.r = 0}, ScryptCost{.p = 0}}) {
    const auto refused = scrypt(as_bytes("x"), as_bytes("y"), cost, 64);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind(), ErrorKind::invalid);
  }
}

TEST(Sha256, AnswersTheSameInPiecesAsInOne) {
  EXPECT_EQ(to_hex(sha256(as_bytes("abc"))),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Sha256 pieces;
  pieces.update(as_bytes("a"));
  pieces.update({});
  pieces.update(as_bytes("bc"));
  EXPECT_EQ(pieces.finish(), sha256(as_bytes("abc")));
}

TEST(Secret, IsEmptyAfterItWasMovedFrom) {
  Secret first = Secret::copy_of("hold");
  const Secret second = std::move(first);
  EXPECT_TRUE(first.empty());
  EXPECT_EQ(second.text(), "hold");
}

}  // namespace
}  // namespace bulkhead::crypto
