#include "crypto/ed25519.h"

#include <gtest/gtest.h>

namespace bulkhead::crypto {
namespace {

// RFC 8032, section 7.1, tests 1 to 3.
struct Vector {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b"
     "4"
     "6bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11"
     "d"
     "8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc"
     "6"
     "594a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Ed25519, AgreesWithRfc8032) {
  for (const Vector& vector : kVectors) {
    const auto key = Ed25519Key::from_seed(from_hex(vector.seed).value()).value();
    EXPECT_EQ(to_hex(key.public_key()), vector.public_key);
    const Bytes message = from_hex(vector.message).value();
    const Ed25519Signature signature = key.sign(message);
    EXPECT_EQ(to_hex(signature), vector.signature);
    EXPECT_TRUE(verify_ed25519(key.public_key(), message, signature));
  }
}

TEST(Ed25519, RefusesWhatWasChanged) {
  SeededRandom random(1);
  const Ed25519Key key = Ed25519Key::generate(random);
  const Bytes message = to_bytes("checkpoint");
  const Ed25519Signature signature = key.sign(message);
  for (std::size_t i = 0; i < signature.size(); ++i) {
    Ed25519Signature changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(verify_ed25519(key.public_key(), message, changed)) << i;
  }
  EXPECT_FALSE(verify_ed25519(key.public_key(), to_bytes("checkpoinT"), signature));
  EXPECT_FALSE(verify_ed25519(key.public_key(), message, ByteView(signature).first(63)));
  EXPECT_FALSE(verify_ed25519(Ed25519Key::generate(random).public_key(), message, signature));
}

TEST(Ed25519, KeyOfSmallOrderSignsNothing) {
  // The neutral element: with it, a signature of all zeros and R = neutral would fit any message.
  Ed25519PublicKey neutral{};
  neutral[0] = 1;
  Ed25519Signature signature{};
  signature[0] = 1;
  EXPECT_FALSE(verify_ed25519(neutral, to_bytes("anything"), signature));
}

TEST(Ed25519, SeedOfAnotherSizeIsRefused) {
  EXPECT_EQ(Ed25519Key::from_seed(Bytes(31)).error().kind(), ErrorKind::invalid);
}

}  // namespace
}  // namespace bulkhead::crypto
